"""Inheritance and overrides: maps merge, named lists merge by item name, the rest is replaced."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from datakit.config.yaml_nodes import Node, parse_yaml
from datakit.errors import ConfigError, Problem, nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a file is laid over the one that it extends.

    Attributes:
        named_lists: keys whose lists merge by their items' names.
        kind_keys: keys that say what kind of thing a map describes: where the kinds differ, the
            map is replaced as a whole, for the keys of another kind mean nothing to it.
    """

    named_lists: Collection[str] = ()
    kind_keys: Collection[str] = ()


def merge(base: Node, top: Node, rules: Rules, key: str = "") -> Node:
    """Lays `top` over `base`.

    Items of the lists named in `rules` merge by their `name`; new ones come last and
    `drop: true` removes one.
    """
    if isinstance(base.value, dict) and isinstance(top.value, dict):
        if _kinds_differ(base.value, top.value, rules.kind_keys):
            return top
        merged = dict(base.value)
        for name, child in top.value.items():
            merged[name] = merge(merged[name], child, rules, name) if name in merged else child
        return Node(merged, top.place)
    if key in rules.named_lists and isinstance(base.value, list) and isinstance(top.value, list):
        return Node(_merge_by_name(base.value, top.value, rules), top.place)
    return top


def _kinds_differ(
    base: Mapping[str, Node], top: Mapping[str, Node], kind_keys: Collection[str]
) -> bool:
    return any(
        key in base and key in top and base[key].value != top[key].value for key in kind_keys
    )


def item_name(item: Node) -> str | None:
    """The `name` of a list's item, or the `dataset` that stands for it."""
    if not isinstance(item.value, dict):
        return None
    for key in ("name", "dataset"):
        if key in item.value and isinstance(item.value[key].value, str):
            return str(item.value[key].value)
    return None


def apply_override(root: Node, override: str) -> Node:
    """Sets one `key.key=value` of `--set`; a list's item is named by its name or its index.

    Raises:
        ConfigError: the override has no `=`, or names an item that does not exist.
    """
    where = f"--set {override}"
    dotted, equals, text = override.partition("=")
    if not equals or not dotted:
        problem = Problem(where=where, key="", found="no '='.", mend="Write --set key.key=value.")
        raise ConfigError("the command", [problem])
    value = parse_yaml(text, where) if text.strip() else Node(None, where)
    return _set(root, dotted.split("."), _placed(value, where), where)


def _merge_by_name(base: list[Node], top: list[Node], rules: Rules) -> list[Node]:
    merged = list(base)
    positions = {item_name(item): index for index, item in enumerate(base)}
    dropped: set[int] = set()
    for item in top:
        index = positions.get(item_name(item))
        drops = isinstance(item.value, dict) and _is_true(item.value.get("drop"))
        if index is None and drops:
            raise _nothing_to_drop(item, [name for name in positions if name])
        if index is None:
            merged.append(item)
        elif drops:
            dropped.add(index)
        else:
            merged[index] = merge(merged[index], item, rules)
    return [item for index, item in enumerate(merged) if index not in dropped]


def _nothing_to_drop(item: Node, names: list[str]) -> ConfigError:
    problem = Problem(
        where=item.place,
        key="drop",
        found=f"what is extended has no {item_name(item)!r}.",
        mend=nearest(str(item_name(item)), names),
    )
    return ConfigError(item.place.rpartition(":")[0], [problem])


def _is_true(node: Node | None) -> bool:
    return node is not None and node.value is True


def _placed(node: Node, place: str) -> Node:
    if isinstance(node.value, dict):
        return Node({key: _placed(child, place) for key, child in node.value.items()}, place)
    if isinstance(node.value, list):
        return Node([_placed(child, place) for child in node.value], place)
    return replace(node, place=place)


def _set(node: Node, keys: list[str], value: Node, where: str) -> Node:
    if not keys:
        return value
    first, rest = keys[0], keys[1:]
    if isinstance(node.value, list):
        names = [item_name(item) or str(index) for index, item in enumerate(node.value)]
        if first.isdecimal() and int(first) < len(names):
            index = int(first)
        elif first in names:
            index = names.index(first)
        else:
            problem = Problem(
                where=where, key=first, found="no such item.", mend=nearest(first, names)
            )
            raise ConfigError("the command", [problem])
        items = list(node.value)
        items[index] = _set(items[index], rest, value, where)
        return replace(node, value=items)
    children = dict(node.value) if isinstance(node.value, dict) else {}
    children[first] = _set(children.get(first, Node({}, where)), rest, value, where)
    return Node(children, node.place)
