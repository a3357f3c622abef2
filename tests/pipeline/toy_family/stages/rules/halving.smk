"""Datasets split into halves."""

from stages.halving import HALVES

SUMMARISED += TARGETS.files(HALVES, {name: entry.listed("halvings") for name, entry in DATASETS.items()})


wildcard_constraints:
    halving="[^/]+",


rule halve:
    input:
        DATA,
    output:
        HALVES,
    log:
        HALVES.log,
    benchmark:
        HALVES.benchmark
    params:
        **stage("halve", "halving"),
    message:
        "halve {wildcards.dataset}, {wildcards.halving}, seeds {wildcards.block}"
    shell:
        "python -m stages.halve {input} --output {output} --settings {params.settings:q} --seeds {wildcards.block}"
        " > {log} 2>&1"
