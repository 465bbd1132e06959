"""`datakit preview`."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datakit.cli.options import MixtureArgument, RootOption, SetOption, TemplatesOption
from datakit.errors import UsageError, nearest

if TYPE_CHECKING:
    from datakit.inspect import PreviewedSample

WIDTH = 80
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


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
        mixture, per_source=count, root=root, templates=templates, overrides=overrides or ()
    )
    names = list(dict.fromkeys(sample.source for sample in samples))
    if source is not None and source not in names:
        raise UsageError(f"no source {source!r} with samples. {nearest(source, names)}")
    chosen = [sample for sample in samples if source in (None, sample.source)]
    print("\n\n".join(sample_text(sample) for sample in chosen) or "No samples.")


def sample_text(sample: PreviewedSample) -> str:
    """One sample in 80 columns: what was read, then what is made of it."""
    lines = [sample.key, "=" * WIDTH]
    lines += [_field("image", image, 2) for image in sample.images]
    for record in sample.records:
        lines += ["", f"record {record['record_id']} · {record['place']}"]
        lines += [_field(name, value, 2) for name, value in _payload(record["payload"])]
    lines += ["", "-" * WIDTH]
    turns = iter(sample.conversation.turns)
    for message in sample.conversation.messages:
        note = f"  ({next(turns).template})" if message.role == "user" else ""
        lines += [f"{message.role}{note}", textwrap.indent(_wrap(message.content), "  ")]
    return "\n".join(lines)


def _payload(payload: dict[str, Any]) -> list[tuple[str, str]]:
    if "messages" in payload:
        return [(message["role"], message["content"]) for message in payload["messages"]]
    return [(name, str(value)) for name, value in payload.items() if value]


def _field(name: str, value: str, indent: int) -> str:
    head = f"{' ' * indent}{name}: "
    body = textwrap.indent(_wrap(value, WIDTH - len(head)), " " * len(head))
    return head + body.lstrip()


def _wrap(text: str, width: int = WIDTH - 2) -> str:
    text = CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
    wrapped = (textwrap.wrap(line, max(width, 20)) or [""] for line in text.splitlines())
    return "\n".join(part for lines in wrapped for part in lines)
