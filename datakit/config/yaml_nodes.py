"""YAML 1.2 (so `no` is a string and `1e-3` a number) whose every value knows its line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.nodes import Node as YamlNode

from datakit.errors import ConfigError, Problem

MAX_DEPTH = 40
MAX_NODES = 200_000
TAG_PREFIX = "tag:yaml.org,2002:"
TAGS = frozenset({"bool", "float", "int", "map", "null", "seq", "str", "timestamp"})

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a YAML file: a map or list of nodes, or a scalar, and its `file:line`."""

    value: dict[str, Node] | list[Node] | Any
    place: str


def parse_yaml(text: str, file: str) -> Node:
    """Parses one YAML 1.2 document; `file` is the name that places and errors carry.

    Raises:
        ConfigError: the text is not YAML, a key occurs twice or is not a string, or aliases
            expand without end.
    """
    yaml = YAML(typ="safe", pure=True)
    try:
        root = yaml.compose(text)
        if root is None:
            return Node({}, f"{file}:1")
        return _Converter(yaml, file).convert(root, depth=0)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _error(file, f"{file}:{line}", f"not valid YAML: {error.problem}") from error
    except (YAMLError, ValueError) as error:
        raise _error(file, f"{file}:1", f"not valid YAML: {error}") from error


def to_plain(node: Node) -> Any:
    """The same values as plain dicts, lists and scalars."""
    if isinstance(node.value, dict):
        return {key: to_plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [to_plain(child) for child in node.value]
    return node.value


def iter_places(node: Node, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yields the path and the `file:line` of every value, parents first."""
    yield path, node.place
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            yield from iter_places(child, (*path, key))
    elif isinstance(node.value, list):
        for index, child in enumerate(node.value):
            yield from iter_places(child, (*path, index))


def _error(file: str, where: str, found: str) -> ConfigError:
    return ConfigError(file, [Problem(where=where, key="", found=found)])


class _Converter:
    """Turns ruamel's node tree into ours, within limits on depth and size."""

    def __init__(self, yaml: YAML, file: str) -> None:
        self.constructor = yaml.constructor
        self.file = file
        self.count = 0

    def convert(self, node: YamlNode, depth: int, place: str | None = None) -> Node:
        place = place or self.place(node)
        self.count += 1
        if depth > MAX_DEPTH or self.count > MAX_NODES:
            raise _error(self.file, place, f"more than {MAX_DEPTH} levels or {MAX_NODES} values")
        if str(node.tag).removeprefix(TAG_PREFIX) not in TAGS:
            raise _error(self.file, place, f"the tag {node.tag!r} is not allowed")
        if isinstance(node, MappingNode):
            return Node(self.convert_map(node, depth), place)
        if isinstance(node, SequenceNode):
            return Node([self.convert(item, depth + 1) for item in node.value], place)
        assert isinstance(node, ScalarNode)
        return Node(self.convert_scalar(node), place)

    def convert_map(self, node: MappingNode, depth: int) -> dict[str, Node]:
        result: dict[str, Node] = {}
        for key_node, value_node in node.value:
            key = self.convert_scalar(key_node) if isinstance(key_node, ScalarNode) else None
            if not isinstance(key, str):
                key = str(key_node.value)
            if key in result:
                raise _error(self.file, self.place(key_node), f"the key {key!r} occurs twice")
            result[key] = self.convert(value_node, depth + 1, self.place(key_node))
        return result

    def convert_scalar(self, node: ScalarNode) -> Any:
        if str(node.tag) == f"{TAG_PREFIX}timestamp":  # YAML 1.2 has no dates
            return node.value
        return self.constructor.construct_object(node, deep=True)

    def place(self, node: YamlNode) -> str:
        return f"{self.file}:{node.start_mark.line + 1}"
