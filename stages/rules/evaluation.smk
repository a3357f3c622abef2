"""What agents reach: rollouts, estimates of them, and the best return that stitching the behaviours could reach."""

from stages.paths import BOUND, ESTIMATE, EVALUATION

TRAINED = {name: entry.evaluated for name, entry in DATASETS.items() if entry.evaluated}
EVALUATED = {name: agents for name, agents in TRAINED.items() if PARAMS.environment(name)}
# Agents of datasets without an environment are estimated instead of rolled out, others are beside their rollouts.
ESTIMATED = {name: agents for name, agents in TRAINED.items() if name not in EVALUATED}
BESIDE = {name: [agent for agent in EVALUATED[name] if PARAMS.memoryless(name, agent)] for name in EVALUATED}
NAVIGATION = {name: DATASETS[name].evaluated for name in PARAMS.family("navigation")}

SUMMARISED += TARGETS.of_agents(EVALUATION, EVALUATED)
SUMMARISED += [BOUND.format(dataset=name) for name in EVALUATED]
SUMMARISED += TARGETS.of_agents(ESTIMATE, ESTIMATED)
# Estimates that `snakemake ope` made are shown, and so kept up to date.
SUMMARISED += [file for file in TARGETS.of_agents(ESTIMATE, BESIDE) if os.path.exists(file)]
REPORTED += TARGETS.trained(TRAINED)
TABULATED["figure4"] = lambda name: TARGETS.files(EVALUATION, {name: PARAMS.varied("figure4")})


wildcard_constraints:
    agent="[^/]+",


localrules:
    navigation,
    figure4,
    ope,


rule navigation:
    input:
        TARGETS.of_agents(EVALUATION, NAVIGATION),
        [BOUND.format(dataset=name) for name in NAVIGATION if name in EVALUATED],


rule figure4:
    input:
        expand(TABLE, table="figure4", dataset=PARAMS.varied_on("figure4")),


rule ope:
    input:
        TARGETS.of_agents(ESTIMATE, ESTIMATED | BESIDE),
        TARGETS.of_agents(EVALUATION, BESIDE),


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


rule estimate_returns:
    input:
        dataset=DATA,
        policies=lambda w: TARGETS.policies(w.dataset, w.agent, w.block),
    output:
        ESTIMATE,
    log:
        ESTIMATE.log,
    benchmark:
        ESTIMATE.benchmark
    resources:
        mem_mb=memory("estimate_returns", workflow),
        gpu=1,
        device=DEVICE,
    params:
        **stage("estimate_returns"),
    message:
        "estimate the returns of {wildcards.agent} on {wildcards.dataset}, seeds {wildcards.block}"
    shell:
        "python -m stages.estimate_returns {input.dataset} --policy {input.policies} --output {output}"
        " --settings {params.settings:q} --seeds {wildcards.block} --device {resources.device} 2>&1 | tee {log}"


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
