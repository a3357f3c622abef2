"""Policies that keep a cost limit: segments told apart, training, rollouts under every limit, and studies."""

from itertools import chain

from stages.paths import PARTITION, SAFE, SAFE_EVALUATION

SAFE_BLOCKS = PARAMS.params.safe_seeds.blocks
SHOWCASE = TARGETS.files(SAFE_EVALUATION, {name: entry.safe for name, entry in DATASETS.items()}, SAFE_BLOCKS)
COMPARISON = TARGETS.files(SAFE_EVALUATION, PARAMS.params.safe_comparison, SAFE_BLOCKS)

# The showcase, and what `snakemake safe_rl` made earlier: shown, and so kept up to date.
SAFE_SHOWN = list(dict.fromkeys([*SHOWCASE, *filter(os.path.exists, COMPARISON)]))
SUMMARISED += SAFE_SHOWN
REPORTED += TARGETS.trained_safe(SAFE_SHOWN, SAFE_BLOCKS)
TABULATED["safe_studies"] = lambda name: [
    DATA.format(dataset=name),
    *TARGETS.files(SAFE_EVALUATION, {name: chain(*PARAMS.studies(name).values())}, SAFE_BLOCKS),
]


wildcard_constraints:
    partition="[^/]+",
    safe="[^/]+",


localrules:
    safe_rl,
    safe_studies,


rule safe_rl:
    input:
        COMPARISON,


rule safe_studies:
    input:
        expand(
            TABLE,
            table="safe_studies",
            dataset=dict.fromkeys(name for study in PARAMS.params.safe_studies.values() for name in study.datasets),
        ),


rule partition_trajectories:
    input:
        DATA,
    output:
        PARTITION,
    log:
        PARTITION.log,
    benchmark:
        PARTITION.benchmark
    resources:
        mem_mb=memory("partition_trajectories"),
    params:
        **stage("partition_trajectories", "partition"),
    message:
        "tell desirable from undesirable segments of {wildcards.dataset}, {wildcards.partition}"
    shell:
        "python -m stages.partition_trajectories {input} --output {output} --settings {params.settings:q} > {log} 2>&1"


rule train_safe:
    input:
        dataset=DATA,
        given=lambda w: TARGETS.given("train_safe", w.dataset, w.safe, w.block),
    output:
        SAFE,
    log:
        SAFE.log,
    benchmark:
        SAFE.benchmark
    resources:
        gpu=1,
        device=DEVICE,
        mem_mb=memory("train_safe", workflow),
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
        SAFE_EVALUATION.log,
    benchmark:
        SAFE_EVALUATION.benchmark
    resources:
        mem_mb=memory("evaluate_safe"),
    params:
        **stage("evaluate_safe", "safe"),
    message:
        "evaluate {wildcards.safe} on {wildcards.dataset} under every cost limit, seeds {wildcards.block}"
    shell:
        "python -m stages.evaluate_safe {input.dataset} --policy {input.policy} --output {output}"
        " --settings {params.settings:q} > {log} 2>&1"
