"""Checks a tree against a pydantic model and reports every mistake with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from datakit.config.yaml_nodes import Node, Path, iter_places, to_plain
from datakit.errors import Problem, nearest

EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "a map of keys",
    "float_type": "a number",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_type": "a map of keys",
    "string_type": "text",
}
M = TypeVar("M", bound=BaseModel)


def validate(node: Node, model: type[M]) -> tuple[M | None, list[Problem]]:
    """Returns the model's instance, or None and all problems found."""
    value, found = _validate(node, model)
    return value, [problem for _, problem in found]


def validate_rest(node: Node, model: type[M]) -> tuple[M | None, list[Problem]]:
    """As `validate`, but faulty keys are left out where the rest is a model without them.

    What follows can then look for further mistakes, so that all are reported at once.
    """
    value, found = _validate(node, model)
    if value is None:
        for path, _ in found:
            node = _without(node, path)
        value, _ = _validate(node, model)
    return value, [problem for _, problem in found]


def _validate(node: Node, model: type[M]) -> tuple[M | None, list[tuple[Path, Problem]]]:
    try:
        return model.model_validate(to_plain(node)), []
    except ValidationError as error:
        places = dict(iter_places(node))
        return None, [_problem(detail, model, places) for detail in error.errors()]


def _without(node: Node, path: Path) -> Node:
    if not path or not isinstance(node.value, dict | list):
        return node
    first, rest = path[0], path[1:]
    if isinstance(node.value, list):
        items = [_without(c, rest) if i == first else c for i, c in enumerate(node.value)]
        return Node(items, node.place)
    children = {
        key: _without(child, rest) if key == first else child
        for key, child in node.value.items()
        if key != first or rest
    }
    return Node(children, node.place)


def dotted(path: Path) -> str:
    """Writes a path as a person would: `sources[1].path`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def place_of(path: Path, places: Mapping[Path, str]) -> str:
    """The line of a value, or of its nearest parent that is in the file."""
    while path not in places and path:
        path = path[:-1]
    return places.get(path, "?")


def _problem(
    detail: ErrorDetails, model: type[BaseModel], places: Mapping[Path, str]
) -> tuple[Path, Problem]:
    path = _path_in_file(detail["loc"], places)
    found, mend = _explain(detail, model, path)
    where = place_of(path, places)
    return path, Problem(where=where, key=dotted(path), found=found, mend=mend)


def _path_in_file(loc: Path, places: Mapping[Path, str]) -> Path:
    """Drops the parts of pydantic's location that name a union's branch, not a key."""
    path: Path = ()
    for index, part in enumerate(loc):
        last = index == len(loc) - 1
        if (*path, part) in places or (last and path in places and isinstance(part, str)):
            path = (*path, part)
    return path


def _explain(detail: ErrorDetails, model: type[BaseModel], path: Path) -> tuple[str, str]:
    kind, value = detail["type"], detail["input"]
    if kind == "extra_forbidden":
        return "unknown key.", nearest(str(path[-1]), _keys_at(model, path[:-1]))
    if kind == "missing":
        return "this key is required and missing.", ""
    message = detail["msg"].removeprefix("Value error, ")
    if kind == "literal_error":
        expected = str(detail.get("ctx", {}).get("expected", ""))
        choices = [text or number for text, number in re.findall(r"'([^']*)'|(\d+)", expected)]
        return f"found {value!r}, expected one of {', '.join(choices)}.", _nearest(value, choices)
    if kind == "value_error":
        return message, ""
    if kind in EXPECTED:
        return f"found {_shown(value)}, expected {EXPECTED[kind]}.", _quote_it(kind, value)
    return f"found {_shown(value)}: {message[0].lower()}{message[1:]}.", ""


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "a map" if isinstance(value, dict) else "a list"
    return repr(value)


def _quote_it(kind: str, value: object) -> str:
    """How to mend the commonest slip of YAML: text that reads as something else."""
    if kind != "string_type" or value is None:
        return ""
    return 'Put it in quotes, such as "{{ question }}" or "1.".'


def _nearest(value: object, choices: list[str]) -> str:
    hint = nearest(str(value), choices)
    return hint if hint.startswith("Did") else ""


def _keys_at(model: type[BaseModel], path: Path) -> list[str]:
    """The keys that the model allows at a path."""
    models = [model]
    for part in path:
        if isinstance(part, int):
            continue
        fields = [m.model_fields[part] for m in models if part in m.model_fields]
        models = [found for field in fields for found in _models_in(field.annotation)]
    return [field.alias or name for m in models for name, field in m.model_fields.items()]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for argument in get_args(annotation) for found in _models_in(argument)]
