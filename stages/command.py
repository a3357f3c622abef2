"""The command line that all stages share.

Every stage reads its inputs, settings and seeds from its arguments and from nowhere else, so that what it depends on is
what the workflow knows about. A stage with a choice of methods imports what it computes with in its `main`: until then,
nothing but the methods' names is loaded.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from stages.errors import UserError, printable
from stages.registry import Choice, Registry
from stages.replacing import is_among
from stages.settings import Settings, refused
from stages.system_errors import system_error

# What is in memory goes with the process: torch's modules taken apart one by one at its end cost 0.4 s more.
atexit.register(gc.freeze)


class Command:
    """Argument parser of one stage; see any stage for its use.

    Args:
        module_doc: The stage's docstring, shown by ``--help``.
        inputs: Name and meaning of each positional input file; a name ending in ``...`` takes several files.
        output: Meaning of the output file.
        settings: Class of the settings, or the registry whose methods' settings are taken (with a key `method`).
        options: Name and meaning of further optional ``--name VALUE`` arguments; ``...`` as for inputs.
        seeds: Whether the stage works on a block of seeds.
        device: Whether the stage can use a GPU.
        output_required: Whether the output file has to be named; otherwise the stage names it.
    """

    def __init__(
        self,
        module_doc: str,
        inputs: Mapping[str, str],
        output: str,
        settings: type[Settings] | Registry | None = None,
        options: Mapping[str, str] | None = None,
        seeds: bool = False,
        device: bool = False,
        output_required: bool = True,
    ) -> None:
        name = _running_module()
        self.settings = settings
        self.files = [argument.removesuffix("...") for argument in (*inputs, *(options or {}))]
        self.parser = argparse.ArgumentParser(
            prog=f"python -m {name}",
            description=module_doc,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            add_help=False,
        )
        add = self.parser.add_argument
        if isinstance(settings, Registry):
            add("--help", "-h", action=_Help, nargs="?", metavar="METHOD", methods=settings)
        else:
            add("--help", "-h", action="help", help="show this message")
        for argument, meaning in inputs.items():
            add(argument.removesuffix("..."), help=meaning, nargs="+" if argument.endswith("...") else None)
        add("--output", "-o", required=output_required, metavar="FILE", help=output)
        for option, meaning in (options or {}).items():
            add(f"--{option.removesuffix('...')}", help=meaning, nargs="+" if option.endswith("...") else None)
        if settings is not None:
            add("--settings", default="{}", metavar="JSON", help="settings that differ from their defaults")
            self.parser.epilog = _described(settings)
        if seeds:
            add("--seeds", type=seed_range, default=[0], metavar="FIRST-LAST", help="block of seeds, such as 0-4")
        if device:
            add("--device", default="auto", choices=["auto", "cpu", "cuda"], help="where to compute (default: auto)")

    def run(self, main: Callable[..., None], argv: list[str] | None = None) -> None:
        """Parse `argv` and call `main` with the arguments by name; what a user can mend is one line and exit code 1."""
        arguments = vars(self.parser.parse_args(argv))
        try:
            if self.settings is not None:
                arguments["settings"] = parse_settings(self.settings, arguments["settings"])
            self._require_output_of_its_own(arguments)
            main(**arguments)
        except UserError as error:
            sys.exit(f"error: {error}")
        except OSError as error:
            sys.exit(f"error: {system_error(error)}")
        except (MemoryError, RuntimeError) as error:
            if not isinstance(error, MemoryError) and "not enough memory" not in str(error):  # as torch says it
                raise
            reason = printable(str(error).splitlines()[0]) if str(error) else "nothing said how much"
            sys.exit(f"error: there is not enough memory ({reason}). Use smaller sizes, or a machine with more")

    def _require_output_of_its_own(self, arguments: Mapping[str, Any]) -> None:
        """Refuse to write over a file that is read."""
        output = arguments["output"]
        read = [path for name in self.files for path in _listed(arguments[name])]
        if output is not None and is_among(output, read):
            raise UserError("is an input as well", place=output, remedy="Give the output a file of its own")


def _listed(value: str | list[str] | None) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else value


def parse_settings(expected: type[Settings] | Registry, text: str) -> Settings | Choice:
    """Settings from JSON text.

    Raises:
        UserError: Not JSON, an unknown key or method, a wrong type, a value out of range.
    """
    try:
        values = json.loads(text, object_pairs_hook=_without_repetition)
    except (json.JSONDecodeError, RecursionError) as error:
        raise UserError(f"not JSON: {error}", place="--settings") from error
    if not isinstance(values, dict):
        raise UserError("should be a JSON object, such as {}", place="--settings")
    model = expected.settings(str(values.get("method", ""))) if isinstance(expected, Registry) else expected
    try:
        return expected.choose(values) if isinstance(expected, Registry) else expected.model_validate(values)
    except ValidationError as error:
        raise refused(error, model, {"--settings": values}) from error


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; of a key that is written twice the last value would win in silence."""
    values = dict(pairs)
    if len(values) < len(pairs):
        twice = next(key for index, (key, _) in enumerate(pairs) if key in dict(pairs[:index]))
        raise UserError(f"the key {twice!r} is written twice", place="--settings", remedy="Keep one of them")
    return values


def seed_range(text: str) -> list[int]:
    """``"0-4"`` or ``"3"`` as a list of seeds."""
    first, _, last = text.partition("-")
    seeds = list(range(int(first), int(last or first) + 1))
    if not seeds:
        raise argparse.ArgumentTypeError(f"{text!r} is empty; write the smaller seed first")
    return seeds


def _described(settings: type[Settings] | Registry) -> str:
    """Names, defaults and meanings of all settings; of methods, which are loaded when asked for, the names."""
    if isinstance(settings, Registry):
        return f"methods, whose settings `--help METHOD` prints:\n  {', '.join(settings.names())}"
    return f"settings:\n{_fields(settings)}"


class _Help(argparse.Action):
    """``--help`` names the methods, ``--help METHOD`` prints the settings of one, which loads it."""

    def __init__(self, *, methods: Registry, **options: Any) -> None:
        super().__init__(help="show this message, or the settings of a method", default=argparse.SUPPRESS, **options)
        self.methods = methods

    def __call__(self, parser: argparse.ArgumentParser, namespace: object, method: Any, option: object = None) -> None:
        try:
            if method is not None:
                parser.epilog = f"settings with method {method!r}:\n{_fields(self.methods.settings(method))}"
        except UserError as error:
            parser.exit(1, f"error: {error}\n")
        parser.print_help()
        parser.exit()


def _fields(model: type[Settings]) -> str:
    lines = []
    for name, field in model.model_fields.items():
        default = "required" if field.is_required() else field.get_default(call_default_factory=True)
        lines.append(f"  {name} = {default}\n      {field.description or ''}")
    return "\n".join(lines)


def _running_module() -> str:
    spec = sys.modules["__main__"].__spec__
    return spec.name if spec else "stages"
