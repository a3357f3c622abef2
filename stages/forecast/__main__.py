"""Make what the jobs of the last run took the shipped estimates, `stages/forecast/estimates.csv`.

Example: snakemake --forceall && python -m stages.forecast
Run the default pipeline on a machine that does nothing else: seconds on the clock are taken for those of a core.
"""

from __future__ import annotations

import argparse
import sys

from stages.errors import UserError
from stages.forecast.durations import ESTIMATES, ship


def main() -> None:
    """Write the file, say how many jobs are in it."""
    parser = argparse.ArgumentParser(
        prog="python -m stages.forecast", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args()
    try:
        print(f"wrote what {ship()} jobs took to {ESTIMATES}")
    except UserError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
