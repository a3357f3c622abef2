"""Offline algorithms that learn from a dataset as a whole, or once per cluster, and their comparison."""

from stages.paths import BY_CLUSTER, CLUSTERS, EVALUATION, OFFLINE

OFFLINE_BLOCKS = PARAMS.params.offline_seeds.blocks
TABULATED["offline_rl"] = lambda name: TARGETS.files(
    EVALUATION, {name: PARAMS.params.offline_comparison.get(name, [])}, OFFLINE_BLOCKS
)


localrules:
    offline_rl,


rule offline_rl:
    input:
        expand(
            TABLE,
            table="offline_rl",
            dataset=[name for name, agents in PARAMS.params.offline_comparison.items() if agents],
        ),


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
        mem_mb=memory("train_offline", workflow),
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
        mem_mb=memory("train_offline", workflow),
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
