"""What all families come to: one table of all seeds, one page, and a table of each study."""

from stages.paths import HEADLINE

EARLIER = [file for file in expand(TABLE, table=TABULATED, dataset=DATASETS) if os.path.exists(file)]


wildcard_constraints:
    table=one_of(TABULATED),


rule table:
    input:
        lambda w: TABULATED[w.table](w.dataset),
    output:
        TABLE,
    log:
        TABLE.log,
    benchmark:
        TABLE.benchmark
    resources:
        mem_mb=memory("tabulate"),
    params:
        **stage("tabulate", "table"),
    message:
        "put the table {wildcards.table} of {wildcards.dataset} together"
    shell:
        # Times are shown where there are some, but a table without them is not out of date.
        "python -m stages.tabulate {input} $(find logs -path '*/{wildcards.dataset}/*.tsv') --output {output}"
        " --settings {params.settings:q} > {log} 2>&1"


rule summarise:
    input:
        SUMMARISED,
    output:
        table=SUMMARY,
        metrics=METRICS,
        headline=HEADLINE,
    log:
        SUMMARY.log,
    benchmark:
        SUMMARY.benchmark
    resources:
        mem_mb=memory("summarise"),
    params:
        **stage("summarise"),
    message:
        "summarise all seeds of all agents"
    shell:
        "python -m stages.summarise {input} --output {output.table} --metrics {output.metrics}"
        " --settings {params.settings:q} > {output.headline} 2> {log}"


rule report:
    input:
        # Tables that `snakemake clustering` and its like made earlier are shown, and so kept up to date.
        list(dict.fromkeys([*SUMMARISED, *REPORTED, *EARLIER])),
    output:
        REPORT,
    log:
        REPORT.log,
    benchmark:
        REPORT.benchmark
    resources:
        mem_mb=memory("report"),
    params:
        **stage("report"),
    message:
        "write the report"
    shell:
        # Run times are shown where there are some, but a page without them is not out of date.
        "python -m stages.report {input} $(find logs -mindepth 2 -name '*.tsv') --output {output}"
        " --settings {params.settings:q} > {log} 2>&1"
