"""Loads one configuration file: parse, inherit, override, validate."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from datakit.config.merge import Rules, apply_override, merge
from datakit.config.validate import place_of, validate_rest
from datakit.config.yaml_nodes import Node, iter_places, parse_yaml, to_plain
from datakit.errors import ConfigError, Problem, UsageError, nearest

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Loaded(Generic[M]):
    """A validated configuration that still knows where each value was written.

    Attributes:
        value: the model.
        tree: the merged file as plain values, before defaults.
        path: the file that was asked for.
    """

    value: M
    tree: dict[str, Any]
    path: Path
    places: Mapping[tuple[str | int, ...], str]

    def where(self, *path: str | int) -> str:
        """`file:line` of the value at a path, or of its nearest parent in the file."""
        return place_of(path, self.places)


def load_config(
    path: Path,
    model: type[M],
    *,
    what: str,
    shipped: Path | None = None,
    named_lists: Collection[str] = (),
    kind_keys: Collection[str] = (),
    overrides: Sequence[str] = (),
    problems: list[Problem] | None = None,
) -> Loaded[M]:
    """Loads `path` with what it extends and checks it against `model`.

    Args:
        what: what the file is, for messages: "mixture", "recipe".
        shipped: folder where `extends` also looks.
        named_lists, kind_keys: how a file is laid over the one it extends; see `Rules`.
        overrides: `key.key=value`, each value parsed as YAML.
        problems: collects the problems instead of raising them, as long as the rest of the file
            makes a model; the caller raises them with those that it finds.

    Raises:
        UsageError: the file does not exist.
        ConfigError: all problems of the file and its bases, each with its line.
    """
    rules = Rules(named_lists=named_lists, kind_keys=kind_keys)
    node = _read_with_bases(path, what, shipped, rules, chain=())
    for override in overrides:
        node = apply_override(node, override)
    value, found = validate_rest(node, model)
    if value is None or (found and problems is None):
        raise ConfigError(f"{what} {path}", found)
    if problems is not None:
        problems += found
    return Loaded(value, to_plain(node), path, dict(iter_places(node)))


def _read_with_bases(
    path: Path,
    what: str,
    shipped: Path | None,
    rules: Rules,
    chain: tuple[Path, ...],
) -> Node:
    node = _read(path, what)
    if not isinstance(node.value, dict):
        problem = Problem(where=f"{path}:1", key="", found=f"a {what} is a map of keys.")
        raise ConfigError(f"{what} {path}", [problem])
    base = node.value.pop("extends", None)
    if base is None:
        return node
    base_path = _find_base(base, path, shipped)
    chain = (*chain, path.resolve())
    if base_path.resolve() in chain:
        circle = " -> ".join(file.name for file in (*chain, base_path))
        raise _extends_error(base, path, f"a circle: {circle}.")
    inherited = _read_with_bases(base_path, what, shipped, rules, chain)
    return merge(inherited, node, rules)


def _read(path: Path, what: str) -> Node:
    try:
        return parse_yaml(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        siblings = [file.name for file in path.parent.glob("*.yaml")]
        raise UsageError(f"no {what} at {path}. {nearest(path.name, siblings)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the {what} {path} cannot be read: {error}") from error


def _find_base(base: Node, path: Path, shipped: Path | None) -> Path:
    if not isinstance(base.value, str):
        raise _extends_error(base, path, f"found {base.value!r}, expected the name of a file.")
    candidates = [path.parent / base.value, *([shipped / base.value] if shipped else [])]
    candidates += [file.with_name(file.name + ".yaml") for file in candidates]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    looked_in = " or ".join(
        str(folder) for folder in [path.parent, *([shipped] if shipped else [])]
    )
    raise _extends_error(base, path, f"no file {base.value!r} in {looked_in}.")


def _extends_error(base: Node, path: Path, found: str) -> ConfigError:
    return ConfigError(str(path), [Problem(where=base.place, key="extends", found=found)])
