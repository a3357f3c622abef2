"""Check the params and print the settings that each job gets: ``python -m stages.params [OVERLAY...]``."""

from __future__ import annotations

import sys

import yaml

from stages.errors import UserError
from stages.params.recipes import Recipes
from stages.params.schema import FILE, load

try:
    print(yaml.dump(Recipes(*load([FILE, *sys.argv[1:]])).table(), Dumper=yaml.CSafeDumper, sort_keys=False), end="")
except UserError as error:
    sys.exit(f"error: {error}")
