"""The kinds of tables that pages can quote."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.errors import UserError, did_you_mean
from stages.quoting import (
    clusterings,
    embeddings,
    found_clusters,
    imitations,
    offline,
    returns,
    safe,
    safe_data,
    safe_studies,
)


@dataclass(frozen=True)
class Table:
    """A kind of table.

    Attributes:
        row: Dataclass of its result file's rows.
        take: Rows from the folder of a finished run and the subjects that pages ask for.
        table: Markdown from rows and a subject.
        whole_run: Whether rows are taken from the metrics of a finished run, as most are.
    """

    row: type[Any]
    take: Callable[[Path, Sequence[str]], list[Any]]
    table: Callable[[Sequence[Any], str], str]
    whole_run: bool = True


TABLES = {
    module.__name__.rpartition(".")[2]: Table(module.Row, module.take, module.table, getattr(module, "WHOLE_RUN", True))
    for module in (returns, offline, found_clusters, clusterings, embeddings, imitations, safe, safe_data, safe_studies)
}


def table(name: str) -> Table:
    """The table of that name.

    Raises:
        UserError: There is none.
    """
    if name not in TABLES:
        raise UserError(f"no table {name!r}", place="a mark", remedy=did_you_mean(name, TABLES))
    return TABLES[name]
