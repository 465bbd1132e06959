"""Jinja, cut down to what a phrasing needs, so that a template cannot run code or run away."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jinja2 import StrictUndefined, nodes
from jinja2.exceptions import TemplateError, TemplateSyntaxError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_OUTPUT_CHARS = 64 * 1024
MAX_SOURCE_BYTES = 16 * 1024

# Text and names of fields in turn, each with whether it is a name.
PlainParts = list[tuple[bool, str]]

ALLOWED_NODES: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.If,
    nodes.For,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Filter,
)


def sentence(text: str) -> str:
    """The text with a capital first letter and a full stop, where it has neither."""
    text = text.strip()
    if text and text[-1] not in ".!?。":
        text += "."
    return text[:1].upper() + text[1:]


def join(items: Iterable[Any], separator: object = "") -> str:
    """The items as text with the separator between them, of bounded length."""
    texts, between = list(map(str, items)), str(separator)
    if sum(map(len, texts)) + len(between) * len(texts) > MAX_OUTPUT_CHARS:
        raise TextTooLong(f"`join` makes more than {MAX_OUTPUT_CHARS} characters.")
    return between.join(texts)


FILTERS: dict[str, Callable[..., Any]] = {
    "capitalize": str.capitalize,
    "first": lambda items: items[0],
    "join": join,
    "last": lambda items: items[-1],
    "length": len,
    "lower": str.lower,
    "sentence": sentence,
    "trim": str.strip,
    "upper": str.upper,
}


class TemplateFault(Exception):
    """A template that is not allowed, or whose rendering failed; `line` counts from 1."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


class TextTooLong(TemplateFault):
    """More text than one message may have; the record's, not the template's fault."""


class Phrasing:
    """One compiled template.

    Allowed are output, `if`, one level of `for` over a record's fields, comparisons and the named
    filters of FILTERS: no arithmetic, call, macro, import, nor a name that starts with `_`.

    Raises:
        TemplateFault: syntax that is wrong or not allowed, or a field that records do not have.
    """

    def __init__(self, source: str, fields: frozenset[str]) -> None:
        try:
            size = len(source.encode())
        except UnicodeEncodeError as error:
            raise TemplateFault("half of a character (a lone surrogate) is in it.") from error
        if size > MAX_SOURCE_BYTES:
            raise TemplateFault(f"longer than {MAX_SOURCE_BYTES} bytes.")
        try:
            tree = ENVIRONMENT.parse(source)
            _check(tree, fields | {"loop"}, inside_for=False)
            parts = _plain_parts(tree)
            self._template = ENVIRONMENT.from_string(tree) if parts is None else parts
        except TemplateSyntaxError as error:
            raise TemplateFault(f"{error.message}", error.lineno) from error
        except (RecursionError, SyntaxError) as error:
            raise TemplateFault("nested too deeply.") from error

    def render(self, fields: Mapping[str, Any]) -> str:
        """Renders with a record's fields.

        Raises:
            TemplateFault: an undefined value, or more than 64 KB of output.
        """
        if isinstance(self._template, list):
            return _filled(self._template, fields)
        parts, size = [], 0
        try:
            context = self._template.new_context(dict(fields))
            for part in self._template.root_render_func(context):
                size += len(part)
                if size > MAX_OUTPUT_CHARS:
                    raise TextTooLong(f"more than {MAX_OUTPUT_CHARS} characters of output.")
                parts.append(part)
        except (TemplateError, TypeError, ValueError, LookupError, AttributeError) as error:
            raise TemplateFault(f"rendering failed: {error}") from error
        return "".join(parts)


def _filled(parts: PlainParts, fields: Mapping[str, Any]) -> str:
    """What rendering gives where a template only names fields, many times faster."""
    try:
        text = "".join([str(fields[part]) if named else part for named, part in parts])
    except KeyError as error:
        raise TemplateFault(f"rendering failed: {error} is undefined") from error
    if len(text) > MAX_OUTPUT_CHARS:
        raise TextTooLong(f"more than {MAX_OUTPUT_CHARS} characters of output.")
    return text


class _Environment(ImmutableSandboxedEnvironment):
    """Looks names up in maps and lists only, so that no method of a value is reached."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, LoopContext):
            return super().getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        try:
            return obj[argument]
        except (TypeError, LookupError):
            return self.undefined(obj=obj, name=argument)


def _make_environment() -> _Environment:
    environment = _Environment(
        undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True
    )
    environment.globals.clear()
    environment.tests.clear()
    environment.filters = dict(FILTERS)
    return environment


ENVIRONMENT = _make_environment()


def _check(node: nodes.Node, names: frozenset[str], *, inside_for: bool) -> None:
    _check_one(node, names, inside_for)
    if isinstance(node, nodes.For):
        inner = names | {_loop_variable(node.target)}
        _check(node.iter, names, inside_for=True)
        for child in (*node.body, *node.else_, *([node.test] if node.test else [])):
            _check(child, inner, inside_for=True)
        return
    for child in node.iter_child_nodes():
        _check(child, names, inside_for=inside_for)


def _check_one(node: nodes.Node, names: frozenset[str], inside_for: bool) -> None:
    if not isinstance(node, ALLOWED_NODES):
        raise TemplateFault(f"{_describe(node)} is not allowed in a template.", node.lineno)
    if isinstance(node, nodes.For) and (inside_for or node.recursive):
        raise TemplateFault("a loop inside a loop is not allowed.", node.lineno)
    if isinstance(node, nodes.Name) and node.name not in names:
        fields = ", ".join(sorted(names - {"loop"}))
        raise TemplateFault(f"no field {node.name!r}; the record has {fields}.", node.lineno)
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        raise TemplateFault(f"no filter {node.name!r}; known: {', '.join(FILTERS)}.", node.lineno)
    if isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
        raise TemplateFault(f"the attribute {node.attr!r} is not allowed.", node.lineno)
    if isinstance(node, nodes.Getitem) and not _is_plain_index(node.arg):
        raise TemplateFault("an index is a whole number or a name.", node.lineno)


def _plain_parts(tree: nodes.Template) -> PlainParts | None:
    """The parts of a template that only names fields; None where there is more."""
    parts: PlainParts = []
    for output in tree.body:
        for node in output.nodes if isinstance(output, nodes.Output) else [output]:
            if isinstance(node, nodes.TemplateData):
                parts.append((False, node.data))
            elif isinstance(node, nodes.Name):
                parts.append((True, node.name))
            else:
                return None
    return parts


def _is_plain_index(node: nodes.Node) -> bool:
    if not isinstance(node, nodes.Const):
        return isinstance(node, nodes.Name)
    return isinstance(node.value, int) or not str(node.value).startswith("_")


def _loop_variable(target: nodes.Node) -> str:
    if not isinstance(target, nodes.Name) or target.name.startswith("_"):
        raise TemplateFault("a loop's variable is one plain name.", target.lineno)
    return target.name


def _describe(node: nodes.Node) -> str:
    names = {"Call": "a call", "Macro": "a macro", "Import": "an import", "Test": "'is'"}
    arithmetic = isinstance(node, nodes.BinExpr | nodes.UnaryExpr | nodes.Concat)
    return "arithmetic" if arithmetic else names.get(type(node).__name__, type(node).__name__)
