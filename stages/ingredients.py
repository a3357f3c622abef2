"""What a method is given besides the dataset: a file that another stage makes."""

from __future__ import annotations

from dataclasses import dataclass

from stages.errors import UserError
from stages.registry import Choice


@dataclass(frozen=True)
class Ingredient:
    """A file that a method needs besides the dataset: the kind it says it is, and the stage that makes it."""

    kind: str
    stage: str


def require_ingredient(choice: Choice, found: str | None) -> None:
    """Stop unless the chosen method, by its class's `ingredient`, was given the kind of file that it needs.

    Args:
        choice: The method.
        found: The kind that the file says it is; None: there is no file.

    Raises:
        UserError: The file is missing, of another kind, or not needed.
    """
    wanted: Ingredient | None = choice.entry.ingredient
    if wanted is None and found is not None:
        raise UserError(f"{choice.method} needs nothing but the dataset", place="--given", remedy="Leave it out")
    if wanted is not None and found != wanted.kind:
        cause = f"{choice.method} needs {wanted.kind}, this is {found or 'not there'}"
        raise UserError(cause, place="--given", remedy=f"Give the file of stages.{wanted.stage}")
