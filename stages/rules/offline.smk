"""Offline algorithms that learn from a dataset as a whole, or once per cluster, and their comparison."""

from stages.paths import BY_CLUSTER, CLUSTERS, EVALUATION, OFFLINE

OFFLINE_BLOCKS = PARAMS.params.offline_seeds.blocks
OFFLINE_COMPARISON = TARGETS.files(EVALUATION, PARAMS.params.offline_comparison, OFFLINE_BLOCKS)

# What `snakemake offline_rl` made earlier is shown, and so kept up to date.
OFFLINE_SHOWN = [file for file in OFFLINE_COMPARISON if os.path.exists(file)]
SUMMARISED += OFFLINE_SHOWN
REPORTED += TARGETS.behind(OFFLINE_SHOWN)


localrules:
    offline_rl,


rule offline_rl:
    input:
        OFFLINE_COMPARISON,


rule train_offline:
    input:
        DATA,
    output:
        OFFLINE,
    log:
        OFFLINE.log,
    benchmark:
        OFFLINE.benchmark
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


rule train_by_cluster:
    input:
        dataset=DATA,
        clusters=CLUSTERS,
    output:
        BY_CLUSTER,
    log:
        BY_CLUSTER.log,
    benchmark:
        BY_CLUSTER.benchmark
    resources:
        gpu=1,
        device=DEVICE,
    params:
        **stage("train_offline", "algorithm"),
    message:
        "train {wildcards.algorithm} on each cluster {wildcards.clustering} of {wildcards.dataset}, "
        "seeds {wildcards.block}"
    shell:
        "python -m stages.train_offline {input.dataset} --clusters {input.clusters} --output {output}"
        " --settings {params.settings:q} --seeds {wildcards.block} --device {resources.device} 2>&1 | tee {log}"
