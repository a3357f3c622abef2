"""Check the params and print the settings that each job gets.

Example: python -m stages.params profiles/smoke.yaml
"""

from __future__ import annotations

import argparse
import json
import sys

from stages.errors import UserError


def main(overlays: list[str], schema: bool) -> None:
    """Print the settings or the schema."""
    # Loaded here, so that --help is quick: settings are declared beside their methods, which load torch.
    if schema:
        from stages.params.json_schema import json_schema

        print(json.dumps(json_schema(), indent=1, ensure_ascii=False))
    else:
        import yaml

        from stages.params.recipes import Recipes
        from stages.params.schema import FILE, load

        table = Recipes(*load([FILE, *overlays])).table()
        print(yaml.dump(table, Dumper=yaml.CSafeDumper, sort_keys=False), end="")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m stages.params", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("overlays", nargs="*", metavar="OVERLAY", help="params files, later ones on top of params.yaml")
    parser.add_argument("--schema", action="store_true", help="print the JSON schema of params files instead")
    try:
        main(**vars(parser.parse_args()))
    except UserError as error:
        sys.exit(f"error: {error}")
