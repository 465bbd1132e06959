"""`datakit preview`."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datakit.cli.options import MixtureArgument, RootOption, SetOption, TemplatesOption
from datakit.console import printable

if TYPE_CHECKING:
    from datakit.inspect import PreviewedSample

WIDTH = 80


def preview(
    mixture: MixtureArgument,
    source: Annotated[str | None, typer.Option("--source", help="Only this source.")] = None,
    count: Annotated[int, typer.Option("-n", min=1, help="Samples of each source.")] = 2,
    root: RootOption = None,
    templates: TemplatesOption = None,
    overrides: SetOption = None,
) -> None:
    """Show raw records beside the conversations that would be made of them."""
    import datakit

    samples = datakit.preview(
        mixture,
        per_source=count,
        source=source,
        root=root,
        templates=templates,
        overrides=overrides or (),
    )
    print("\n\n".join(sample_text(sample) for sample in samples) or "No samples.")


def sample_text(sample: PreviewedSample) -> str:
    """One sample in 80 columns: what was read, then what is made of it."""
    lines = [rule(sample.key), *(_field("image", image) for image in sample.images)]
    for record in sample.records:
        of_source = "" if record.source == sample.source else f" of {record.source}"
        lines += ["", f"record {record.record_id}{of_source}, {record.place}"]
        lines += [_line(name, value) for name, value in _payload(record.payload)]
    if sample.fault:
        lines += ["", _field("rejected", sample.fault)]
    if sample.conversation is None:
        return "\n".join(lines)
    for template in sample.templates:
        lines += ["", f"template {template.name}", _field("user", template.user)]
        lines += [_field("next", template.next)] if template.next is not None else []
        lines += [_field("assistant", template.assistant)]
    lines += ["", "-" * WIDTH]
    turns = iter(sample.conversation.turns)
    for message in sample.conversation.messages:
        note = ""
        if message.role == "user":
            turn = next(turns)
            note = f"  {turn.template}{' (inverted)' if turn.inverted else ''}"
        lines += [f"{message.role}{note}", textwrap.indent(_wrap(message.content), "  ")]
    return "\n".join(lines)


def rule(title: str) -> str:
    """A title in a line across the screen."""
    return f"== {title} ".ljust(WIDTH, "=")


def _payload(payload: dict[str, Any]) -> list[tuple[str, Any]]:
    if "messages" in payload:
        return [(message["role"], message["content"]) for message in payload["messages"]]
    return [(name, value) for name, value in payload.items() if _is_shown(value)]


def _is_shown(value: Any) -> bool:
    """Whether a field of a record says anything."""
    return value is False or value == 0 or bool(value)


def _line(name: str, value: Any) -> str:
    note = " (counted from 0)" if name == "answer_index" else ""
    return _field(name, f"{_shown(value)}{note}")


def _shown(value: Any) -> str:
    if not isinstance(value, list):
        return str(value)
    if value and isinstance(value[0], dict):
        return "; ".join(f"{item['label']} {_shown(item['bbox_px'])}" for item in value)
    return " | ".join(f"{item:g}" if isinstance(item, float) else str(item) for item in value)


def _field(name: str, value: str) -> str:
    head = f"  {name}: "
    body = textwrap.indent(_wrap(value, WIDTH - len(head)), " " * len(head))
    return head + body.lstrip()


def _wrap(text: str, width: int = WIDTH - 2) -> str:
    lines = printable(text).splitlines()
    wrapped = (textwrap.wrap(line, max(width, 20)) or [""] for line in lines)
    return "\n".join(part for parts in wrapped for part in parts)
