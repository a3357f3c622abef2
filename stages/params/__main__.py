"""Check the params and print the settings that each job gets: ``python -m stages.params [OVERLAY...]``.

``python -m stages.params --schema`` prints the JSON schema of params files, which `docs/params.schema.json` keeps.
"""

from __future__ import annotations

import json
import sys

import yaml

from stages.errors import UserError
from stages.params.json_schema import json_schema
from stages.params.recipes import Recipes
from stages.params.schema import FILE, load


def main(arguments: list[str]) -> None:
    """Print the settings or the schema."""
    if arguments == ["--schema"]:
        print(json.dumps(json_schema(), indent=1, ensure_ascii=False))
    else:
        table = Recipes(*load([FILE, *arguments])).table()
        print(yaml.dump(table, Dumper=yaml.CSafeDumper, sort_keys=False), end="")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as error:
        sys.exit(f"error: {error}")
