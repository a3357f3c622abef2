"""Settings take values for what they look like: nothing is turned into a number or a truth value by the way."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import Field, ValidationError

from stages.errors import UserError
from stages.settings import LONGEST, Settings, Widths, refused, unknown


class Example(Settings):
    """One setting of each kind."""

    number: float = 1.0
    count: int | None = 3
    several: list[int] = [1]
    widths: Widths = (4,)
    shares: dict[str, float] = {}
    switch: bool = False
    named: Literal["auto"] | int = "auto"
    either: int | str = 1
    whatever: Any = None
    nested: dict[str, int] = Field({}, description="a mapping")


def refusal(**values: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        Example.model_validate(values)
    said = str(refused(caught.value, Example, {"params.yaml": values}))
    assert "\n" not in said
    return said.removeprefix("params.yaml: ")


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("number", float("nan"), "number: should be a finite number, not nan"),
        ("number", float("inf"), "number: should be a finite number, not inf"),
        ("number", "1e-3", "number: should be a number, not '1e-3'"),
        ("number", True, "number: should be a number, not true"),
        ("count", "010", "count: should be a number, not '010'"),
        ("several", [1, True], "several: should be a number, not true"),
        ("several", ["1"], "several: should be a number, not '1'"),
        ("shares", {"a": False}, "shares: should be a number, not false"),
        ("shares", {"a": float("inf")}, "shares.a: should be a finite number, not inf"),
        ("switch", "no", "switch: should be true or false, not 'no'"),
        ("switch", 1, "switch: should be true or false, not 1"),
        ("widths", [0], "widths.0: should be greater than or equal to 1, not 0"),
        ("nested", 3, "nested: should hold `key: value` lines, not 3"),
        ("number", "x" * 10_000, f"number: should be a number, not '{'x' * (LONGEST - 1)}..."),
    ],
)
def test_what_is_something_else_is_refused(key: str, value: Any, said: str) -> None:
    assert refusal(**{key: value})[: len(said)] == said


def test_what_looks_right_is_taken() -> None:
    values = {
        "number": 2, "count": None, "several": (1, 2), "widths": [], "shares": {"a": 1, "b": 0.5}, "switch": True,
        "named": "auto", "either": "1", "whatever": [True, "1"],
    }  # fmt: skip
    found = Example.model_validate(values)
    assert (found.number, found.several, found.widths, found.either) == (2.0, [1, 2], (), "1")
    assert Example(count=4.0).count == 4


def test_a_name_that_is_a_number_is_quoted() -> None:
    said = str(unknown(("em", "method"), ["evidence"], {"params.yaml": {"em": {"method": 3}}}, "method"))
    assert said == "params.yaml: em.method: unknown method '3'. Known: evidence"


@pytest.mark.parametrize(
    ("name", "said"),
    [("a\nb", "a\\nb"), ("\x1b[31m", "\\x1b[31m"), ("\udcff", "\\udcff"), ("café {x} \\n", "café {x} \\n")],
)
def test_messages_are_one_line_whatever_names_hold(name: str, said: str) -> None:
    assert str(UserError("is odd", place=name, remedy=name)) == f"{said}: is odd. {said}"
