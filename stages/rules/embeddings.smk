"""Trajectory embeddings: skills where a method reads them, one vector per episode, then probes, imitators, studies."""

from stages.paths import EMBEDDINGS, IMITATION, IMITATOR, LATENTS, PROBES, SKILLS

EMBEDDED = {name: DATASETS[name].listed("embeddings") for name in DATASETS}
IMITATED = {name: DATASETS[name].listed("imitators") for name in DATASETS}
EMBEDDING_BLOCKS = PARAMS.params.embedding_seeds.blocks
JUDGED = TARGETS.files(PROBES, EMBEDDED, EMBEDDING_BLOCKS) + TARGETS.files(IMITATION, IMITATED, EMBEDDING_BLOCKS)
STUDIED = TARGETS.files(LATENTS, PARAMS.params.latent_studies, EMBEDDING_BLOCKS)
# What `snakemake embeddings` and `latent_studies` made earlier is shown, and so kept up to date.
SUMMARISED += filter(os.path.exists, JUDGED)
REPORTED += filter(os.path.exists, STUDIED)
REPORTED += filter(os.path.exists, TARGETS.files(EMBEDDINGS, EMBEDDED, EMBEDDING_BLOCKS))
REPORTED += filter(os.path.exists, TARGETS.files(IMITATOR, IMITATED, EMBEDDING_BLOCKS))


wildcard_constraints:
    skills="[^/]+",
    embedding="[^/]+",
    imitator="[^/]+",


localrules:
    embeddings,
    latent_studies,


rule embeddings:
    input:
        JUDGED,


rule latent_studies:
    input:
        STUDIED,


rule extract_skills:
    input:
        DATA,
    output:
        SKILLS,
    log:
        SKILLS.log,
    benchmark:
        SKILLS.benchmark
    # Several embeddings wait for these.
    priority: 1
    resources:
        mem_mb=memory("extract_skills", workflow),
        gpu=1,
        device=DEVICE,
    params:
        **stage("extract_skills", "skills"),
    message:
        "extract the skills {wildcards.skills} of {wildcards.dataset}, seeds {wildcards.block}"
    shell:
        "python -m stages.extract_skills {input} --output {output} --settings {params.settings:q}"
        " --seeds {wildcards.block} --device {resources.device} 2>&1 | tee {log}"


rule embed_trajectories:
    input:
        dataset=DATA,
        given=lambda w: TARGETS.given("embed_trajectories", w.dataset, w.embedding, w.block),
    output:
        EMBEDDINGS,
    log:
        EMBEDDINGS.log,
    benchmark:
        EMBEDDINGS.benchmark
    resources:
        mem_mb=memory("embed_trajectories", workflow),
        gpu=1,
        device=DEVICE,
    params:
        **stage("embed_trajectories", "embedding"),
        given=lambda w, input: f"--given {input.given}" if input.given else "",
    message:
        "embed {wildcards.dataset} by {wildcards.embedding}, seeds {wildcards.block}"
    shell:
        "python -m stages.embed_trajectories {input.dataset} {params.given} --output {output}"
        " --settings {params.settings:q} --seeds {wildcards.block} --device {resources.device} 2>&1 | tee {log}"


rule probe_embeddings:
    input:
        dataset=DATA,
        embeddings=EMBEDDINGS,
    output:
        PROBES,
    log:
        PROBES.log,
    benchmark:
        PROBES.benchmark
    resources:
        mem_mb=memory("probe_embeddings"),
    params:
        **stage("probe_embeddings", "embedding"),
    message:
        "probe the embeddings of {wildcards.dataset} by {wildcards.embedding}, seeds {wildcards.block}"
    shell:
        "python -m stages.probe_embeddings {input.dataset} --embeddings {input.embeddings} --output {output}"
        " --settings {params.settings:q} > {log} 2>&1"


rule imitate:
    input:
        dataset=DATA,
        given=lambda w: TARGETS.given("imitate", w.dataset, w.imitator, w.block),
    output:
        IMITATOR,
    log:
        IMITATOR.log,
    benchmark:
        IMITATOR.benchmark
    resources:
        mem_mb=memory("imitate", workflow),
        gpu=1,
        device=DEVICE,
    params:
        **stage("imitate", "imitator"),
        given=lambda w, input: f"--given {input.given}" if input.given else "",
    message:
        "imitate the levels of {wildcards.dataset} by {wildcards.imitator}, seeds {wildcards.block}"
    shell:
        "python -m stages.imitate {input.dataset} {params.given} --output {output} --settings {params.settings:q}"
        " --seeds {wildcards.block} --device {resources.device} 2>&1 | tee {log}"


rule evaluate_imitator:
    input:
        dataset=DATA,
        policy=IMITATOR,
    output:
        IMITATION,
    log:
        IMITATION.log,
    benchmark:
        IMITATION.benchmark
    resources:
        mem_mb=memory("evaluate"),
    params:
        **stage("evaluate"),
    message:
        "roll out {wildcards.imitator} on {wildcards.dataset}, level by level, seeds {wildcards.block}"
    shell:
        "python -m stages.evaluate {input.dataset} --policy {input.policy} --output {output}"
        " --settings {params.settings:q} --seeds {wildcards.block} > {log} 2>&1"


rule study_latents:
    input:
        dataset=DATA,
        policy=IMITATOR,
    output:
        LATENTS,
    log:
        LATENTS.log,
    benchmark:
        LATENTS.benchmark
    resources:
        mem_mb=memory("study_latents"),
    params:
        **stage("study_latents"),
    message:
        "look into the latent of {wildcards.imitator} on {wildcards.dataset}, seeds {wildcards.block}"
    shell:
        "python -m stages.study_latents {input.dataset} --policy {input.policy} --output {output}"
        " --settings {params.settings:q} --seeds {wildcards.block} > {log} 2>&1"
