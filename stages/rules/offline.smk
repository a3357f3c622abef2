"""Offline algorithms that learn from a dataset as a whole."""

from stages.paths import OFFLINE


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
