"""From a dataset of unknown behaviours to one stitched policy and a report: settings, and the rules of each family.

A job depends on its input files, on its settings and on the code it imports (`params: **stage(...)`), and on nothing
else. Seeds are trained in blocks, such as 0-4, so that further seeds leave the blocks before them as they are.
"""

import atexit
import gc
import os
import sys
from pathlib import Path

from snakemake.logging import logger
from snakemake.settings.enums import Quietness
from snakemake.utils import min_version

from stages.errors import UserError
from stages.forecast.watch import Watch
from stages.params.schema import load
from stages.params.recipes import Recipes
from stages.params.targets import Targets, one_of
from stages.paths import DATA, METRICS, REPORT, SUMMARY, TABLE
from stages.records import keep_records_with_results, refuse_mixture

min_version("9.20")

# Settings are params.yaml, with the files given by --configfile on top.
try:
    PARAMS = Recipes(*load(["params.yaml", *workflow.overwrite_configfiles], config))
    if workflow.is_main_process:
        keep_records_with_results()
        refuse_mixture()
except UserError as error:
    sys.exit(f"error: {error}")

# Checking settings has loaded torch, which is neither searched for garbage from here on nor taken apart at the end: a plan
# costs 4.0 CPU seconds instead of 4.8.
gc.freeze()
atexit.register(gc.freeze)

# Jobs run side by side, one thread each, under the Python that runs Snakemake.
os.environ |= {
    "OMP_NUM_THREADS": "1",
    "UNMIX_NATIVE": str(PARAMS.params.native).lower(),
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()]),
}

TARGETS = Targets(PARAMS)
DATASETS, DEVICE = PARAMS.params.datasets, PARAMS.params.device

# What the summary reads, what else the report reads, and what the table of each study of a dataset is made of: every
# family's rules add to these, so that those of the summary need not know the families.
SUMMARISED, REPORTED, TABULATED = [], [], {}

# What outputs of a stage depend on besides input files, as `params` of its rule.
stage = TARGETS.depends

# Memory that a job may take, by the size of its input; trainings name the workflow, since it says where they run.
memory = TARGETS.memory


wildcard_constraints:
    dataset=one_of(DATASETS),
    block=one_of(PARAMS.params.all_blocks),


localrules:
    all,


rule all:
    input:
        REPORT,
        SUMMARY,
        METRICS,


include: "stages/rules/data.smk"
include: "stages/rules/clustering.smk"
include: "stages/rules/embeddings.smk"
include: "stages/rules/empo.smk"
include: "stages/rules/offline.smk"
include: "stages/rules/evaluation.smk"
include: "stages/rules/safe.smk"
include: "stages/rules/summary.smk"


onstart:
    # How far the whole run is, now and then, unless it was told to be quiet.
    say = lambda line: logger.info(line, extra={"quietness": Quietness.PROGRESS})
    try:
        Watch(workflow, say)
    except UserError as error:
        say(f"How long the run takes is not foretold: {error}")


onsuccess:
    # `make` says it itself, since Snakemake does not come here when nothing was to be done.
    if "MAKELEVEL" not in os.environ and Path("results/headline.txt").exists():
        print(f"\n{Path('results/headline.txt').read_text()}\nReport: results/report.html")
