"""Who did what: clusters of every dataset, how good they are, and studies of the methods."""

from stages.paths import CLUSTERS, DIAGNOSIS

COMPARED = PARAMS.params.comparison
CLUSTERING_BLOCKS = TARGETS.clustering_blocks
SUMMARISED += [file for name in DATASETS for file in TARGETS.clusters(name)]
TABULATED |= {
    "clustering": lambda name: [
        DATA.format(dataset=name),
        *TARGETS.files(DIAGNOSIS, {name: COMPARED.get(name, [])}, CLUSTERING_BLOCKS),
    ],
    "k_sensitivity": lambda name: [
        DATA.format(dataset=name),
        *TARGETS.files(CLUSTERS, {name: PARAMS.varied("k_sensitivity")}, CLUSTERING_BLOCKS),
    ],
    "ablation": lambda name: [
        DATA.format(dataset=name),
        *TARGETS.files(CLUSTERS, {name: PARAMS.varied("ablation")}, CLUSTERING_BLOCKS),
    ],
}
# What is behind the tables that are shown is kept up to date.
DIAGNOSED = {name: COMPARED[name] for name in COMPARED if os.path.exists(f"results/clustering/{name}.csv")}
REPORTED += TARGETS.files(DIAGNOSIS, DIAGNOSED, CLUSTERING_BLOCKS)


wildcard_constraints:
    clustering="[^/]+",


localrules:
    clustering,
    k_sensitivity,
    ablation,


rule clustering:
    input:
        expand(TABLE, table="clustering", dataset=[name for name, recipes in COMPARED.items() if recipes]),


rule k_sensitivity:
    input:
        expand(TABLE, table="k_sensitivity", dataset=PARAMS.varied_on("k_sensitivity")),


rule ablation:
    input:
        expand(TABLE, table="ablation", dataset=PARAMS.varied_on("ablation")),


rule cluster_trajectories:
    input:
        dataset=DATA,
        given=lambda w: TARGETS.given("cluster_trajectories", w.dataset, w.clustering, w.block),
    output:
        CLUSTERS,
    log:
        CLUSTERS.log,
    benchmark:
        CLUSTERS.benchmark
    # Most of the other jobs wait for these.
    priority: 1
    resources:
        gpu=1,
        device=DEVICE,
        mem_mb=memory("cluster_trajectories", workflow),
    params:
        **stage("cluster_trajectories", "clustering"),
        given=lambda w, input: f"--given {input.given}" if input.given else "",
    message:
        "cluster {wildcards.dataset} with {wildcards.clustering}, seeds {wildcards.block}"
    shell:
        "python -m stages.cluster_trajectories {input.dataset} {params.given} --output {output}"
        " --settings {params.settings:q} --seeds {wildcards.block} --device {resources.device} 2>&1 | tee {log}"


rule diagnose_clusters:
    input:
        DATA,
        CLUSTERS,
    output:
        DIAGNOSIS,
    log:
        DIAGNOSIS.log,
    benchmark:
        DIAGNOSIS.benchmark
    resources:
        mem_mb=memory("diagnose_clusters"),
    params:
        **stage("diagnose_clusters"),
    message:
        "diagnose the clusters {wildcards.clustering} of {wildcards.dataset}, seeds {wildcards.block}"
    shell:
        "python -m stages.diagnose_clusters {input} --output {output} --settings {params.settings:q} > {log} 2>&1"
