"""From a dataset of unknown behaviours to one stitched policy and a report: every job, read top to bottom.

A job depends on its input files, on its settings and on the code it imports (`params: **stage(...)`), and on nothing
else. Seeds are trained in blocks, such as 0-4, so that further seeds leave the blocks before them as they are.
"""

import os
import re
import sys
from pathlib import Path

from snakemake.utils import min_version

from stages.errors import UserError
from stages.own_files import contents, followed
from stages.params.schema import load
from stages.params.recipes import Recipes
from stages.records import keep_records_with_results, refuse_mixture

min_version("9.20")

# Settings are params.yaml, with the files given by --configfile on top.
try:
    PARAMS = Recipes(*load(["params.yaml", *workflow.overwrite_configfiles], config))
    if workflow.is_main_process:
        keep_records_with_results()
        refuse_mixture()
except UserError as error:
    sys.exit(f"error: {error}")

# Jobs run side by side, one thread each, under the Python that runs Snakemake.
os.environ |= {
    "OMP_NUM_THREADS": "1",
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()]),
}

DATASETS, AGENTS, DEVICE = PARAMS.params.datasets, PARAMS.agents, PARAMS.params.device
BLOCKS, SAFE_BLOCKS = PARAMS.params.seeds.blocks, PARAMS.params.safe_seeds.blocks
SAFE_COMPARISON, SAFE_STUDIES = PARAMS.params.safe_comparison, PARAMS.params.safe_studies
EVALUATED = [name for name, entry in DATASETS.items() if entry.agents]
IMPORTED = [name for name, entry in DATASETS.items() if entry.import_]
MIXED = [name for name, entry in DATASETS.items() if entry.mix]
GENERATED = [name for name in DATASETS if name not in IMPORTED + MIXED]
STUDIES = ["clustering", "k_sensitivity", "ablation", "figure4", "safe_studies"]
DATA = "data/generated/{dataset}.hdf5"
BEHAVIOURS = "results/behaviours/{behaviours}.safetensors"
CLUSTERS = "results/clusters/{dataset}/{clustering}/seeds-{block}.safetensors"
DIAGNOSIS = "results/diagnostics/{dataset}/{clustering}/seeds-{block}.json"
CRITICS = "results/critics/{dataset}/{clustering}/seeds-{block}.safetensors"
IMPROVED = "results/improved/{dataset}/{clustering}/{improvement}/seeds-{block}.safetensors"
HIGH_LEVEL = "results/high_level/{dataset}/{clustering}/seeds-{block}.safetensors"
OFFLINE = "results/offline/{dataset}/{algorithm}/seeds-{block}.safetensors"
EVALUATION = "results/evaluation/{dataset}/{agent}/seeds-{block}.npz"
BOUND = "results/bound/{dataset}.json"
PARTITION = "results/partitions/{dataset}/{partition}.safetensors"
SAFE = "results/safe/{dataset}/{safe}/seeds-{block}.safetensors"
SAFE_EVALUATION = "results/safe_evaluation/{dataset}/{safe}/seeds-{block}.npz"


def stage(name, recipe=None):
    """What outputs depend on besides input files. `recipe` is the wildcard that names the recipe, where there is one."""
    job = lambda w: PARAMS.job(name, w.get("dataset"), recipe and w.get(recipe))
    return {"settings": lambda w: job(w).json, "code": lambda w: job(w).code}


def one_of(names):
    """Pattern of a wildcard; of none where there are no names."""
    return "|".join(map(re.escape, names)) or "(?!)"


def policies(dataset, agent, block):
    """The trained files that make up an agent."""
    recipe = AGENTS[agent]
    if recipe.offline:
        return expand(OFFLINE, dataset=dataset, algorithm=recipe.offline, block=block)
    parts = [CLUSTERS]
    if PARAMS.num_clusters(dataset, recipe.clusters) != 1:
        parts.append(HIGH_LEVEL)
    if recipe.improvement:
        parts.append(IMPROVED)
    return expand(parts, dataset=dataset, clustering=recipe.clusters, improvement=recipe.improvement, block=block)


def evaluations(datasets):
    """The rollouts of all agents."""
    return sum([expand(EVALUATION, dataset=d, agent=DATASETS[d].agents, block=BLOCKS) for d in datasets], [])


def given(dataset, safe, block):
    """What a safe recipe needs besides the dataset: labelled segments, clusters, or nothing."""
    parts = PARAMS.ingredients("train_safe", dataset, safe)
    files = [{"partition": PARTITION, "clusters": CLUSTERS}[kind] for kind in parts]
    return expand(
        files, dataset=dataset, partition=parts.get("partition"), clustering=parts.get("clusters"), block=block
    )


def safe_evaluations(compared):
    """The rollouts of safe policies, from datasets and the recipes of each."""
    return sum([expand(SAFE_EVALUATION, dataset=d, safe=s, block=SAFE_BLOCKS) for d, s in compared.items()], [])


def safe():
    """The rollouts of the showcase, and those that `snakemake safe_rl` made earlier."""
    showcase = safe_evaluations({name: entry.safe for name, entry in DATASETS.items()})
    return list(dict.fromkeys([*showcase, *filter(os.path.exists, safe_evaluations(SAFE_COMPARISON))]))


def clusters(datasets):
    """The clusters of all agents, and those that are only scored."""
    return sum([expand(CLUSTERS, dataset=d, clustering=PARAMS.clusterings(d), block=BLOCKS) for d in datasets], [])


def studied():
    """The tables that `snakemake clustering` and its like made earlier, and the diagnoses behind them."""
    tables = filter(os.path.exists, expand("results/{study}/{dataset}.csv", study=STUDIES, dataset=DATASETS))
    compared = [d for d in PARAMS.params.comparison if os.path.exists(f"results/clustering/{d}.csv")]
    return [*tables, *sum([diagnoses(dataset) for dataset in compared], [])]


def diagnoses(dataset):
    """What is right and wrong with each of the clusterings that are compared."""
    return expand(DIAGNOSIS, dataset=dataset, clustering=PARAMS.params.comparison[dataset], block=BLOCKS)


def trained(datasets):
    """Whatever else was trained for the agents, each file once."""
    parts = sum([policies(dataset, agent, BLOCKS) for dataset in datasets for agent in DATASETS[dataset].agents], [])
    shown = [file.split("/")[2:4] for file in safe()]
    for dataset, recipe in shown:
        parts += expand(SAFE, dataset=dataset, safe=recipe, block=SAFE_BLOCKS)
        parts += [file for block in SAFE_BLOCKS for file in given(dataset, recipe, block)]
    return [file for file in dict.fromkeys(parts) if file not in clusters(datasets)]


wildcard_constraints:
    dataset=one_of(DATASETS),
    block=one_of(BLOCKS + SAFE_BLOCKS),
    partition="[^/]+",
    safe="[^/]+",
    clustering="[^/]+",
    improvement="[^/]+",
    agent="[^/]+",


localrules:
    all,
    datasets,
    behaviours,
    navigation,
    clustering,
    k_sensitivity,
    ablation,
    figure4,
    safe_rl,
    safe_studies,


rule all:
    input:
        "results/report.html",
        "results/summary.csv",
        "results/metrics.json",


rule datasets:
    input:
        expand(DATA, dataset=DATASETS),


rule behaviours:
    input:
        expand(BEHAVIOURS, behaviours=PARAMS.params.train_behaviours),


rule navigation:
    input:
        evaluations(PARAMS.family("navigation")),
        expand(BOUND, dataset=set(PARAMS.family("navigation")) & set(EVALUATED)),


rule clustering:
    input:
        expand("results/clustering/{dataset}.csv", dataset=PARAMS.params.comparison),


rule k_sensitivity:
    input:
        expand("results/k_sensitivity/{dataset}.csv", dataset=PARAMS.varied_on("k_sensitivity")),


rule ablation:
    input:
        expand("results/ablation/{dataset}.csv", dataset=PARAMS.varied_on("ablation")),


rule figure4:
    input:
        expand("results/figure4/{dataset}.csv", dataset=PARAMS.varied_on("figure4")),


rule safe_rl:
    input:
        safe_evaluations(SAFE_COMPARISON),


rule safe_studies:
    input:
        expand(
            "results/safe_studies/{dataset}.csv",
            dataset={d: 0 for study in SAFE_STUDIES.values() for d in study.datasets},
        ),


rule train_behaviours:
    output:
        policies=BEHAVIOURS,
        manifest="results/behaviours/{behaviours}.json",
    log:
        "logs/behaviours/{behaviours}.log",
    benchmark:
        "logs/behaviours/{behaviours}.tsv"
    resources:
        gpu=1,
        device=DEVICE,
    params:
        **stage("train_behaviours", "behaviours"),
    message:
        "train the behaviours of {wildcards.behaviours}, which can take hours"
    shell:
        "python -m stages.train_behaviours --output {output.policies} --settings {params.settings:q}"
        " --device {resources.device} 2>&1 | tee {log}"


rule generate_dataset:
    input:
        lambda w: PARAMS.actors(w.dataset),
    output:
        DATA,
    log:
        "logs/data/{dataset}.log",
    benchmark:
        "logs/data/{dataset}.tsv"
    wildcard_constraints:
        dataset=one_of(GENERATED),
    params:
        **stage("generate_dataset"),
    message:
        "generate the dataset {wildcards.dataset}"
    shell:
        "python -m stages.generate_dataset --output {output} --settings {params.settings:q} > {log} 2>&1"


rule import_dataset:
    input:
        lambda w: sum(map(followed, DATASETS[w.dataset].import_.files), []),
    output:
        DATA,
    log:
        "logs/data/{dataset}.log",
    benchmark:
        "logs/data/{dataset}.tsv"
    wildcard_constraints:
        dataset=one_of(IMPORTED),
    params:
        **stage("import_dataset"),
        files=lambda w: DATASETS[w.dataset].import_.files,
        data=lambda w: list(map(contents, DATASETS[w.dataset].import_.files)),
    message:
        "import the dataset {wildcards.dataset} from {params.files}"
    shell:
        # What was found in the files is for the user to read, so it is shown, too.
        "python -m stages.import_dataset --output {output} --settings {params.settings:q} -- {params.files:q}"
        " 2>&1 | tee {log}"


rule mix_datasets:
    input:
        lambda w: expand(DATA, dataset=DATASETS[w.dataset].sources),
    output:
        DATA,
    log:
        "logs/data/{dataset}.log",
    benchmark:
        "logs/data/{dataset}.tsv"
    wildcard_constraints:
        dataset=one_of(MIXED),
    params:
        **stage("mix_datasets"),
    message:
        "mix the dataset {wildcards.dataset} of {input}"
    shell:
        "python -m stages.mix_datasets {input} --output {output} --settings {params.settings:q} > {log} 2>&1"


rule cluster_trajectories:
    input:
        DATA,
    output:
        CLUSTERS,
    log:
        "logs/clusters/{dataset}/{clustering}/seeds-{block}.log",
    benchmark:
        "logs/clusters/{dataset}/{clustering}/seeds-{block}.tsv"
    # Most of the other jobs wait for these.
    priority: 1
    resources:
        gpu=1,
        device=DEVICE,
    params:
        **stage("cluster_trajectories", "clustering"),
    message:
        "cluster {wildcards.dataset} with {wildcards.clustering}, seeds {wildcards.block}"
    shell:
        "python -m stages.cluster_trajectories {input} --output {output} --settings {params.settings:q}"
        " --seeds {wildcards.block} --device {resources.device} 2>&1 | tee {log}"


rule diagnose_clusters:
    input:
        DATA,
        CLUSTERS,
    output:
        DIAGNOSIS,
    log:
        "logs/diagnostics/{dataset}/{clustering}/seeds-{block}.log",
    benchmark:
        "logs/diagnostics/{dataset}/{clustering}/seeds-{block}.tsv"
    params:
        **stage("diagnose_clusters"),
    message:
        "diagnose the clusters {wildcards.clustering} of {wildcards.dataset}, seeds {wildcards.block}"
    shell:
        "python -m stages.diagnose_clusters {input} --output {output} --settings {params.settings:q} > {log} 2>&1"


rule train_critics:
    input:
        DATA,
        CLUSTERS,
    output:
        CRITICS,
    log:
        "logs/critics/{dataset}/{clustering}/seeds-{block}.log",
    benchmark:
        "logs/critics/{dataset}/{clustering}/seeds-{block}.tsv"
    resources:
        gpu=1,
        device=DEVICE,
    params:
        **stage("train_critics"),
    message:
        "value the policies of {wildcards.dataset}, clusters {wildcards.clustering}, seeds {wildcards.block}"
    shell:
        "python -m stages.train_critics {input} --output {output} --settings {params.settings:q}"
        " --seeds {wildcards.block} --device {resources.device} 2>&1 | tee {log}"


rule improve_clusters:
    input:
        DATA,
        CLUSTERS,
        CRITICS,
    output:
        IMPROVED,
    log:
        "logs/improved/{dataset}/{clustering}/{improvement}/seeds-{block}.log",
    benchmark:
        "logs/improved/{dataset}/{clustering}/{improvement}/seeds-{block}.tsv"
    resources:
        gpu=1,
        device=DEVICE,
    params:
        **stage("improve_clusters", "improvement"),
    message:
        "improve the policies of {wildcards.dataset}, clusters {wildcards.clustering}, "
        "with {wildcards.improvement}, seeds {wildcards.block}"
    shell:
        "python -m stages.improve_clusters {input} --output {output} --settings {params.settings:q}"
        " --seeds {wildcards.block} --device {resources.device} 2>&1 | tee {log}"


rule train_high_level:
    input:
        DATA,
        CLUSTERS,
    output:
        HIGH_LEVEL,
    log:
        "logs/high_level/{dataset}/{clustering}/seeds-{block}.log",
    benchmark:
        "logs/high_level/{dataset}/{clustering}/seeds-{block}.tsv"
    resources:
        gpu=1,
        device=DEVICE,
    params:
        **stage("train_high_level"),
    message:
        "learn to choose among the clusters {wildcards.clustering} of {wildcards.dataset}, seeds {wildcards.block}"
    shell:
        "python -m stages.train_high_level {input} --output {output} --settings {params.settings:q}"
        " --seeds {wildcards.block} --device {resources.device} 2>&1 | tee {log}"


rule train_offline:
    input:
        DATA,
    output:
        OFFLINE,
    log:
        "logs/offline/{dataset}/{algorithm}/seeds-{block}.log",
    benchmark:
        "logs/offline/{dataset}/{algorithm}/seeds-{block}.tsv"
    resources:
        gpu=1,
        device=DEVICE,
    params:
        **stage("train_offline", "algorithm"),
    message:
        "train {wildcards.algorithm} on {wildcards.dataset}, seeds {wildcards.block}"
    shell:
        "python -m stages.train_offline {input} --output {output} --settings {params.settings:q}"
        " --seeds {wildcards.block} --device {resources.device} 2>&1 | tee {log}"


rule evaluate:
    input:
        dataset=DATA,
        policies=lambda w: policies(w.dataset, w.agent, w.block),
    output:
        EVALUATION,
    log:
        "logs/evaluation/{dataset}/{agent}/seeds-{block}.log",
    benchmark:
        "logs/evaluation/{dataset}/{agent}/seeds-{block}.tsv"
    params:
        **stage("evaluate"),
    message:
        "evaluate {wildcards.agent} on {wildcards.dataset}, seeds {wildcards.block}"
    shell:
        "python -m stages.evaluate {input.dataset} --policy {input.policies} --output {output}"
        " --settings {params.settings:q} --seeds {wildcards.block} > {log} 2>&1"


rule bound:
    input:
        DATA,
    output:
        BOUND,
    log:
        "logs/bound/{dataset}.log",
    benchmark:
        "logs/bound/{dataset}.tsv"
    params:
        **stage("bound"),
    message:
        "find the best return that stitching the behaviours of {wildcards.dataset} can reach"
    shell:
        "python -m stages.bound {input} --output {output} --settings {params.settings:q} > {log} 2>&1"


rule partition_trajectories:
    input:
        DATA,
    output:
        PARTITION,
    log:
        "logs/partitions/{dataset}/{partition}.log",
    benchmark:
        "logs/partitions/{dataset}/{partition}.tsv"
    params:
        **stage("partition_trajectories", "partition"),
    message:
        "tell desirable from undesirable segments of {wildcards.dataset}, {wildcards.partition}"
    shell:
        "python -m stages.partition_trajectories {input} --output {output} --settings {params.settings:q} > {log} 2>&1"


rule train_safe:
    input:
        dataset=DATA,
        given=lambda w: given(w.dataset, w.safe, w.block),
    output:
        SAFE,
    log:
        "logs/safe/{dataset}/{safe}/seeds-{block}.log",
    benchmark:
        "logs/safe/{dataset}/{safe}/seeds-{block}.tsv"
    resources:
        gpu=1,
        device=DEVICE,
    params:
        **stage("train_safe", "safe"),
        given=lambda w, input: f"--given {input.given}" if input.given else "",
    message:
        "train {wildcards.safe} on {wildcards.dataset}, seeds {wildcards.block}"
    shell:
        "python -m stages.train_safe {input.dataset} {params.given} --output {output} --settings {params.settings:q}"
        " --seeds {wildcards.block} --device {resources.device} 2>&1 | tee {log}"


rule evaluate_safe:
    input:
        dataset=DATA,
        policy=SAFE,
    output:
        SAFE_EVALUATION,
    log:
        "logs/safe_evaluation/{dataset}/{safe}/seeds-{block}.log",
    benchmark:
        "logs/safe_evaluation/{dataset}/{safe}/seeds-{block}.tsv"
    params:
        **stage("evaluate_safe", "safe"),
    message:
        "evaluate {wildcards.safe} on {wildcards.dataset} under every cost limit, seeds {wildcards.block}"
    shell:
        "python -m stages.evaluate_safe {input.dataset} --policy {input.policy} --output {output}"
        " --settings {params.settings:q} > {log} 2>&1"


rule summarise:
    input:
        expand(DATA, dataset=DATASETS),
        clusters(DATASETS),
        evaluations(DATASETS),
        safe(),
        expand(BOUND, dataset=EVALUATED),
    output:
        table="results/summary.csv",
        metrics="results/metrics.json",
        headline="results/headline.txt",
    log:
        "logs/summary.log",
    benchmark:
        "logs/summary.tsv"
    params:
        **stage("summarise"),
    message:
        "summarise all seeds of all agents"
    shell:
        "python -m stages.summarise {input} --output {output.table} --metrics {output.metrics}"
        " --settings {params.settings:q} > {output.headline} 2> {log}"


rule report:
    input:
        rules.summarise.input,
        trained(DATASETS),
        # Shown, and so kept up to date.
        studied(),
    output:
        "results/report.html",
    log:
        "logs/report.log",
    benchmark:
        "logs/report.tsv"
    params:
        **stage("report"),
    message:
        "write the report"
    shell:
        # Run times are shown where there are some, but a page without them is not out of date.
        "python -m stages.report {input} $(find logs -mindepth 2 -name '*.tsv') --output {output}"
        " --settings {params.settings:q} > {log} 2>&1"


rule clustering_table:
    input:
        DATA,
        lambda w: diagnoses(w.dataset),
    output:
        "results/clustering/{dataset}.csv",
    log:
        "logs/clustering/{dataset}.log",
    benchmark:
        "logs/clustering/{dataset}.tsv"
    params:
        **stage("summarise_clusterings"),
    message:
        "compare the clusterings of {wildcards.dataset}"
    shell:
        # Times are shown where there are some, but a table without them is not out of date.
        "python -m stages.summarise_clusterings {input} $(find logs/clusters/{wildcards.dataset} -name '*.tsv')"
        " --output {output} > {log} 2>&1"


rule k_table:
    input:
        DATA,
        expand(CLUSTERS, clustering=PARAMS.varied("k_sensitivity"), block=BLOCKS, allow_missing=True),
    output:
        "results/k_sensitivity/{dataset}.csv",
    log:
        "logs/k_sensitivity/{dataset}.log",
    benchmark:
        "logs/k_sensitivity/{dataset}.tsv"
    params:
        **stage("summarise_k"),
    message:
        "compare initial numbers of clusters on {wildcards.dataset}"
    shell:
        "python -m stages.summarise_k {input} $(find logs/clusters/{wildcards.dataset} -name '*.tsv')"
        " --output {output} > {log} 2>&1"


rule ablation_table:
    input:
        DATA,
        expand(CLUSTERS, clustering=PARAMS.varied("ablation"), block=BLOCKS, allow_missing=True),
    output:
        "results/ablation/{dataset}.csv",
    log:
        "logs/ablation/{dataset}.log",
    benchmark:
        "logs/ablation/{dataset}.tsv"
    params:
        **stage("summarise_ablation"),
    message:
        "compare the heuristics of EM on {wildcards.dataset}"
    shell:
        "python -m stages.summarise_ablation {input} --output {output} > {log} 2>&1"


rule figure4_table:
    input:
        expand(EVALUATION, agent=PARAMS.varied("figure4"), block=BLOCKS, allow_missing=True),
    output:
        "results/figure4/{dataset}.csv",
    log:
        "logs/figure4/{dataset}.log",
    benchmark:
        "logs/figure4/{dataset}.tsv"
    params:
        **stage("summarise_figure4"),
    message:
        "compare full-batch and minibatch improvement on {wildcards.dataset}"
    shell:
        "python -m stages.summarise_figure4 {input} --output {output} --settings {params.settings:q} > {log} 2>&1"


rule safe_studies_table:
    input:
        DATA,
        lambda w: safe_evaluations({w.dataset: [name for own in PARAMS.studies(w.dataset).values() for name in own]}),
    output:
        "results/safe_studies/{dataset}.csv",
    log:
        "logs/safe_studies/{dataset}.log",
    benchmark:
        "logs/safe_studies/{dataset}.tsv"
    params:
        **stage("summarise_safe_studies"),
    message:
        "compare variants of safe recipes on {wildcards.dataset}"
    shell:
        "python -m stages.summarise_safe_studies {input} --output {output} --settings {params.settings:q} > {log} 2>&1"


onsuccess:
    # `make` says it itself, since Snakemake does not come here when nothing was to be done.
    if "MAKELEVEL" not in os.environ and Path("results/headline.txt").exists():
        print(f"\n{Path('results/headline.txt').read_text()}\nReport: results/report.html")
