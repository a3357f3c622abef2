"""Write the tables that README and docs quote, from small result files.

Pages have marks (`stages.quoting.marks`); what stands between them is written from docs/results/<profile>/<table>.csv.
Nobody copies numbers by hand: who has finished a run takes from it what the pages quote.

Examples:
    python -m stages.quote                                     write all pages anew
    python -m stages.quote --check                             say whether they are as the result files say
    python -m stages.quote --take results --profile default    first copy what is quoted from a finished run
"""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from itertools import chain
from pathlib import Path

from stages.errors import UserError
from stages.made_files import reading
from stages.quoting import result_files
from stages.quoting.marks import Quote, filled, quotes
from stages.replacing import replacing

PAGES = ("*.md", "docs/*.md", "data/*.md")
FOLDER = Path("docs/results")


def main(check: bool, take: Path | None, profile: str | None, cost: str | None) -> None:
    """Take what is quoted from a run, if asked to; write the pages, or only compare them."""
    from stages.quoting import taking  # here, since readers of results take a second to load

    pages = {path: _text(path) for pattern in PAGES for path in sorted(Path().glob(pattern))}
    asked = [*chain.from_iterable(quotes(text, str(path)) for path, text in pages.items())]
    if take is not None and profile is not None:
        for line in taking.take(take, profile, asked, FOLDER, cost):
            print(line)
    made = {path: filled(text, partial(written, page=path)) for path, text in pages.items()}
    stale = [path for path in pages if made[path] != pages[path]]
    if check and stale:
        cause = "tables are not as the result files say"
        raise UserError(cause, place=", ".join(map(str, stale)), remedy="Run python -m stages.quote")
    for path in stale:
        with replacing(path) as temporary:
            temporary.write_text(made[path], encoding="utf-8")
    print(f"{len(asked)} tables on {len(pages)} pages; written anew: {', '.join(map(str, stale)) or 'none'}")


def _text(page: Path) -> str:
    with reading(page, "is not UTF-8", "Save it as UTF-8"):
        return page.read_text(encoding="utf-8")


def written(quote: Quote, page: Path) -> str:
    """The table that a mark asks for, and below it where the numbers come from.

    Raises:
        UserError: There is no such table, or a result file is missing.
    """
    from stages.quoting.tables import table  # here, since readers of results take a second to load

    kind = table(quote.table)
    rows, sources = [], []
    for profile in quote.profiles:
        path = result_files.place(FOLDER, profile, quote.table)
        origin, found = result_files.read(path, kind.row)
        rows += found
        said = ", ".join(filter(None, [f"commit {origin.commit}", origin.machine, origin.cost, origin.note]))
        sources.append(f"[{profile}]({Path(os.path.relpath(path, page.parent)).as_posix()}): {said}")
    return f"{kind.table(rows, quote.subject)}\n\n<sub>{'; '.join(sources)}.</sub>"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m stages.quote", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 where a page is not current")
    parser.add_argument("--take", type=Path, metavar="RESULTS", help="folder of a finished run")
    parser.add_argument("--profile", help="with --take: what the run was configured with, as the marks call it")
    parser.add_argument("--cost", help="with --take: what the run took, in words; default: CPU time from its logs")
    arguments = parser.parse_args()
    if (arguments.take is None) != (arguments.profile is None):
        parser.error("--take and --profile go together")
    try:
        main(**vars(arguments))
    except UserError as error:
        sys.exit(f"error: {error}")
