"""What agents reach: rollouts, and the best return that stitching the behaviours could reach."""

from stages.paths import BOUND, EVALUATION

EVALUATED = {name: entry.agents for name, entry in DATASETS.items() if entry.agents}
NAVIGATION = {name: DATASETS[name].agents for name in PARAMS.family("navigation")}

SUMMARISED += TARGETS.files(EVALUATION, EVALUATED)
SUMMARISED += [BOUND.format(dataset=name) for name in EVALUATED]
REPORTED += TARGETS.trained(EVALUATED)
TABULATED["figure4"] = lambda name: TARGETS.files(EVALUATION, {name: PARAMS.varied("figure4")})


wildcard_constraints:
    agent="[^/]+",


localrules:
    navigation,
    figure4,


rule navigation:
    input:
        TARGETS.files(EVALUATION, NAVIGATION),
        [BOUND.format(dataset=name) for name in NAVIGATION if name in EVALUATED],


rule figure4:
    input:
        expand(TABLE, table="figure4", dataset=PARAMS.varied_on("figure4")),


rule evaluate:
    input:
        dataset=DATA,
        policies=lambda w: TARGETS.policies(w.dataset, w.agent, w.block),
    output:
        EVALUATION,
    log:
        EVALUATION.log,
    benchmark:
        EVALUATION.benchmark
    resources:
        mem_mb=memory("evaluate"),
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
        BOUND.log,
    benchmark:
        BOUND.benchmark
    resources:
        mem_mb=memory("bound"),
    params:
        **stage("bound"),
    message:
        "find the best return that stitching the behaviours of {wildcards.dataset} can reach"
    shell:
        "python -m stages.bound {input} --output {output} --settings {params.settings:q} > {log} 2>&1"
