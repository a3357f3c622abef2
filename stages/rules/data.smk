"""Where datasets come from: generated, imported from the user's own files, or mixed of others."""

from stages.own_files import contents, followed
from stages.paths import BEHAVIOURS

IMPORTED = [name for name, entry in DATASETS.items() if entry.import_]
MIXED = [name for name, entry in DATASETS.items() if entry.mix]
GENERATED = [name for name in DATASETS if name not in IMPORTED + MIXED]

SUMMARISED += expand(DATA, dataset=DATASETS)


localrules:
    datasets,
    behaviours,


rule datasets:
    input:
        expand(DATA, dataset=DATASETS),


rule behaviours:
    input:
        expand(BEHAVIOURS, behaviours=PARAMS.params.train_behaviours),


rule train_behaviours:
    output:
        policies=BEHAVIOURS,
        manifest="results/behaviours/{behaviours}.json",
    log:
        BEHAVIOURS.log,
    benchmark:
        BEHAVIOURS.benchmark
    resources:
        gpu=1,
        device=DEVICE,
        mem_mb=memory("train_behaviours", workflow),
    params:
        **stage("train_behaviours", "behaviours"),
    message:
        "train the behaviours of {wildcards.behaviours}, which can take hours"
    shell:
        "python -m stages.train_behaviours --output {output.policies} --settings {params.settings:q}"
        " --device {resources.device} 2>&1 | tee {log}"


rule generate_dataset:
    input:
        lambda w: PARAMS.actors(w.dataset),
    output:
        DATA,
    log:
        DATA.log,
    benchmark:
        DATA.benchmark
    wildcard_constraints:
        dataset=one_of(GENERATED),
    resources:
        mem_mb=memory("generate_dataset"),
    params:
        **stage("generate_dataset"),
    message:
        "generate the dataset {wildcards.dataset}"
    shell:
        "python -m stages.generate_dataset --output {output} --settings {params.settings:q} > {log} 2>&1"


rule import_dataset:
    input:
        lambda w: sum(map(followed, DATASETS[w.dataset].import_.files), []),
    output:
        DATA,
    log:
        DATA.log,
    benchmark:
        DATA.benchmark
    wildcard_constraints:
        dataset=one_of(IMPORTED),
    resources:
        mem_mb=memory("import_dataset"),
    params:
        **stage("import_dataset"),
        files=lambda w: DATASETS[w.dataset].import_.files,
        data=lambda w: list(map(contents, DATASETS[w.dataset].import_.files)),
    message:
        "import the dataset {wildcards.dataset} from {params.files}"
    shell:
        # What was found in the files is for the user to read, so it is shown, too.
        "python -m stages.import_dataset --output {output} --settings {params.settings:q} -- {params.files:q}"
        " 2>&1 | tee {log}"


rule mix_datasets:
    input:
        lambda w: expand(DATA, dataset=DATASETS[w.dataset].sources),
    output:
        DATA,
    log:
        DATA.log,
    benchmark:
        DATA.benchmark
    wildcard_constraints:
        dataset=one_of(MIXED),
    resources:
        mem_mb=memory("mix_datasets"),
    params:
        **stage("mix_datasets"),
    message:
        "mix the dataset {wildcards.dataset} of {input}"
    shell:
        "python -m stages.mix_datasets {input} --output {output} --settings {params.settings:q} > {log} 2>&1"
