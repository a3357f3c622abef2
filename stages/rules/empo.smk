"""Policies of clusters improved (EMPO), and a policy that chooses among them."""

from stages.paths import CLUSTERS, CRITICS, HIGH_LEVEL, IMPROVED


wildcard_constraints:
    improvement="[^/]+",


rule train_critics:
    input:
        DATA,
        CLUSTERS,
    output:
        CRITICS,
    log:
        CRITICS.log,
    benchmark:
        CRITICS.benchmark
    resources:
        gpu=1,
        device=DEVICE,
        mem_mb=memory("train_critics", workflow),
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
        IMPROVED.log,
    benchmark:
        IMPROVED.benchmark
    resources:
        gpu=1,
        device=DEVICE,
        mem_mb=memory("improve_clusters", workflow),
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
        HIGH_LEVEL.log,
    benchmark:
        HIGH_LEVEL.benchmark
    resources:
        gpu=1,
        device=DEVICE,
        mem_mb=memory("train_high_level", workflow),
    params:
        **stage("train_high_level"),
    message:
        "learn to choose among the clusters {wildcards.clustering} of {wildcards.dataset}, seeds {wildcards.block}"
    shell:
        "python -m stages.train_high_level {input} --output {output} --settings {params.settings:q}"
        " --seeds {wildcards.block} --device {resources.device} 2>&1 | tee {log}"
