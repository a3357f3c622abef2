"""The command that makes tables: what it depends on, and what it refuses."""

from __future__ import annotations

import pytest

from stages import tabulate
from stages.errors import UserError
from stages.provenance import imported_modules
from stages.reporting import TABLES


@pytest.mark.parametrize("table", TABLES.names())
def test_a_table_depends_on_no_other_tables_code(table: str) -> None:
    needed = imported_modules("stages.tabulate") | imported_modules(TABLES.module(table))
    assert {TABLES.module(name) for name in TABLES.names()} & needed == {TABLES.module(table)}


def test_a_misspelt_table_is_refused() -> None:
    with pytest.raises(UserError, match=r"unknown table 'figure5'\. Did you mean 'figure4'"):
        TABLES.choose({"method": "figure5"})


def test_files_of_no_dataset_leave_no_table(tmp_path) -> None:
    with pytest.raises(UserError, match="files of 0 datasets"):
        tabulate.main([], str(tmp_path / "table.csv"), TABLES.choose({"method": "ablation"}))
    assert list(tmp_path.iterdir()) == []
