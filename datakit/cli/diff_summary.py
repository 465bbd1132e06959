"""The printed comparison of two builds or plans: the answer first, then what differs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from datakit.cli.summary import some_lines
from datakit.console import counted, format_table, printable, screen_width, share_text
from datakit.inspect.diff_sides import Side
from datakit.inspect.diff_text import ChangedText
from datakit.inspect.difference import Difference, SourceDifference

DIGEST_CHARACTERS = 64
CONTEXT_CHARACTERS = 40
KINDS = {"build": "build", "plan": "plan of", "counts": "plan in"}


def diff_summary(found: Difference) -> str:
    """The answer in a line, and below it what differs, of what differs."""
    parts = [
        f"{_answer(found)}\nA  {_side(found.before)}\nB  {_side(found.after)}",
        _settings(found),
        _samples(found),
        _records(found),
        _templates(found),
        *map(_text, found.texts),
        "\n".join(f"not compared: {untold}" for untold in found.untold),
    ]
    return "\n\n".join(part for part in parts if part)


def diff_fields(found: Difference) -> dict[str, Any]:
    """The same for a program; null is what was not compared."""
    return {
        "identical": found.identical,
        "differs": found.differs,
        "before": _side_fields(found.before),
        "after": _side_fields(found.after),
        "settings": [asdict(setting) for setting in found.settings],
        "sources": [asdict(source) for source in found.sources],
        "templates": None if found.templates is None else [asdict(t) for t in found.templates],
        "shown_texts": [_text_fields(text) for text in found.texts],
        "not_compared": list(found.untold),
    }


def _side_fields(side: Side) -> dict[str, Any]:
    named = {"kind": side.kind, "label": side.label, "name": side.name}
    return {**named, "fingerprint": side.fingerprint, "samples": side.num_samples}


def _text_fields(text: ChangedText) -> dict[str, Any]:
    sides = {"before": text.before, "after": text.after}
    messages = {
        side: [{"role": role, "content": content} for role, content in own]
        for side, own in sides.items()
    }
    return {"key": text.key, "source": text.source, **messages}


def _side(side: Side) -> str:
    mark = f", fingerprint {side.fingerprint[:16]}" if side.fingerprint else ""
    samples = counted(side.num_samples, "sample")
    return f"{KINDS[side.kind]} {side.label}: {side.name}, {samples}{mark}"


def _answer(found: Difference) -> str:
    if found.identical:
        return "identical"
    if not found.differs:
        return "no difference found"
    changes = [
        (_sum(found, "added_samples"), "sample", "added"),
        (_sum(found, "removed_samples"), "sample", "removed"),
        (_sum(found, "moved_split_samples"), "sample", "in another split"),
        (_sum(found, "changed_text_samples"), "text", "changed"),
        (_sum(found, "changed_image_samples"), "sample", "with other images"),
        (len(found.settings), "setting", "changed"),
    ]
    told = [f"{counted(count, unit)} {what}" for count, unit, what in changes if count]
    totals = found.before.num_samples, found.after.num_samples
    if totals[0] != totals[1]:
        told.insert(0, f"{totals[0]:,} -> {counted(totals[1], 'sample')}")
    return f"different: {', '.join(told) or 'see below'}"


def _sum(found: Difference, name: str) -> int:
    return sum(getattr(source, name) or 0 for source in found.sources)


def _settings(found: Difference) -> str:
    lines = some_lines(
        f"  {setting.key}: {_value(setting.before)} -> {_value(setting.after)}"
        for setting in found.settings
    )
    return f"settings\n{lines}" if lines else ""


def _value(value: Any) -> str:
    if isinstance(value, str) and len(value) == DIGEST_CHARACTERS:
        return value[:12]
    return "null" if value is None else str(value)


def _samples(found: Difference) -> str:
    """A row a source whose samples differ."""
    if not found.differs:
        return ""
    rows = [_row(source) for source in found.sources if source.differs]
    alike = len(found.sources) - len(rows)
    note = f"\n{counted(alike, 'source')} alike" if alike else ""
    header = ["source", "A", "B", "added", "removed", "new text", "new image", "share"]
    table = format_table(header, rows, units={1: "samples"}, width=screen_width())
    return f"{table}{note}" if rows else ""


def _row(source: SourceDifference) -> list[str]:
    counts = [
        source.added_samples,
        source.removed_samples,
        source.changed_text_samples,
        source.changed_image_samples,
    ]
    shares = share_text(source.share_before), share_text(source.share_after)
    return [
        source.name,
        f"{source.samples_before:,}",
        f"{source.samples_after:,}",
        *("-" if count is None else f"{count:,}" for count in counts),
        shares[0] if shares[0] == shares[1] else " -> ".join(shares),
    ]


def _records(found: Difference) -> str:
    return some_lines(_record_lines(found))


def _record_lines(found: Difference) -> Iterator[str]:
    for source in found.sources:
        if source.moved_records:
            moves = (f"{m.records:,} {m.before} -> {m.after}" for m in source.moved_records)
            yield f"records of {source.name}: {', '.join(moves)}"
        elif source.moved_records is None and source.counts_before != source.counts_after:
            changes = (
                f"{count:,} -> {source.counts_after[name]:,} {name.replace('_', ' ')}"
                for name, count in source.counts_before.items()
                if count != source.counts_after[name]
            )
            yield f"{source.name}: {', '.join(changes)}"


def _templates(found: Difference) -> str:
    if not found.templates:
        return ""
    rows = [[t.template, f"{t.turns_before:,}", f"{t.turns_after:,}"] for t in found.templates]
    table = format_table(["template", "A", "B"], rows, units={1: "turns"}, width=screen_width())
    head, rule, *lines = table.splitlines()[1:]
    return "\n".join([table.splitlines()[0], head, rule, some_lines(lines)])


def _text(text: ChangedText) -> str:
    """Message by message, what was and what is; of long texts the part that differs."""
    lines = [f"== {text.key}"]
    for number in range(max(len(text.before), len(text.after))):
        old, new = (
            side[number] if number < len(side) else None for side in (text.before, text.after)
        )
        if old == new and old:
            lines.append(f"  {old[0]}: the same")
            continue
        contents = [side[1] if side else None for side in (old, new)]
        for mark, side, content in zip("-+", (old, new), _around(*contents), strict=True):
            if side:
                lines += _wrapped(f"{mark} {side[0]}: {content}")
    return "\n".join(lines)


def _around(old: str | None, new: str | None) -> tuple[str, str]:
    """Both texts without most of what they begin and end with alike."""
    if old is None or new is None:
        return old or "", new or ""
    least = min(len(old), len(new))
    start = next((i for i in range(least) if old[i] != new[i]), least)
    end = next((i for i in range(least - start) if old[-1 - i] != new[-1 - i]), least - start)
    start, end = max(start - CONTEXT_CHARACTERS, 0), max(end - CONTEXT_CHARACTERS, 0)
    return _middle(old, start, end), _middle(new, start, end)


def _middle(text: str, start: int, end: int) -> str:
    before, after = ("…" if start else ""), ("…" if end else "")
    return f"{before}{text[start : len(text) - end]}{after}"


def _wrapped(text: str) -> list[str]:
    text = printable(text).replace("\n", "\\n")
    return textwrap.wrap(text, screen_width(), subsequent_indent="    ") or [text]
