"""The command line that all stages share.

Every stage reads its inputs, settings and seeds from its arguments and from nowhere else, so that what it depends on is
what the workflow knows about.
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ValidationError

from stages.errors import UserError


class Command:
    """Argument parser of one stage, see any stage for its use.

    Args:
        module_doc: The stage's docstring, shown by ``--help``.
        inputs: Name and meaning of each positional input file.
        output: Meaning of the output file.
        settings: Class of the settings, whose fields are listed by ``--help``; or None.
        seeds: Whether the stage trains or evaluates a block of seeds.
        device: Whether the stage can use a GPU.
    """

    def __init__(
        self,
        module_doc: str,
        inputs: dict[str, str],
        output: str,
        settings: type[BaseModel] | None = None,
        seeds: bool = False,
        device: bool = False,
    ) -> None:
        frame = inspect.stack()[1].frame
        name = frame.f_globals["__spec__"].name if frame.f_globals.get("__spec__") else "stage"
        self.parser = argparse.ArgumentParser(
            prog=f"python -m {name}", description=module_doc, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        for argument, meaning in inputs.items():
            self.parser.add_argument(argument, help=meaning)
        self.parser.add_argument("--output", "-o", required=True, help=output)
        self.settings = settings
        if settings is not None:
            self.parser.add_argument("--settings", default="{}", metavar="JSON", help="settings that differ from the defaults")
            self.parser.epilog = "settings (defaults in brackets):\n" + "\n".join(_described(settings))
        if seeds:
            self.parser.add_argument("--seeds", type=seed_range, default=[0], metavar="FIRST-LAST", help="block of seeds, such as 0-4")
        if device:
            self.parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"], help="where to compute")

    def run(self, main: Callable[..., None], argv: list[str] | None = None) -> None:
        """Parse `argv`, call `main` with the parsed arguments by name, turn user errors into one line and exit code 2."""
        arguments = vars(self.parser.parse_args(argv))
        try:
            if self.settings is not None:
                arguments["settings"] = parse_settings(self.settings, arguments["settings"])
            main(**arguments)
        except UserError as error:
            sys.exit(f"error: {error}")


def parse_settings(model: type[BaseModel], text: str) -> Any:
    """Settings from JSON text.

    Raises:
        UserError: Not JSON, an unknown key, a wrong type or a value out of range.
    """
    try:
        return model.model_validate(json.loads(text))
    except json.JSONDecodeError as error:
        raise UserError(f"not JSON: {error}", place="--settings") from error
    except ValidationError as error:
        raise UserError(describe(error, model), place="--settings") from error


def describe(error: ValidationError, model: type[BaseModel]) -> str:
    """The first problem of a validation error, in one line."""
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def seed_range(text: str) -> list[int]:
    """``"0-4"`` or ``"3"`` as a list of seeds."""
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))


def _described(model: type[BaseModel]) -> list[str]:
    return [
        f"  {name} [{json.dumps(field.get_default(call_default_factory=True), default=str)}]  {field.description or ''}"
        for name, field in model.model_fields.items()
    ]
