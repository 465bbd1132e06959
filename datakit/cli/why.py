"""`datakit why`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from datakit.cli.options import BuildArgument, JsonOption
from datakit.console import print_json
from datakit.errors import UsageError

if TYPE_CHECKING:
    from datakit.inspect import RecordFate


def why(
    build: BuildArgument,
    key: Annotated[str | None, typer.Argument(metavar="[KEY]", help="A sample's key.")] = None,
    record: Annotated[
        str | None, typer.Option("--record", metavar="SOURCE:ID", help="A raw record instead.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say where a sample came from, or what became of a record."""
    import datakit

    if (key is None) == (record is None):
        raise UsageError("give a sample's KEY or --record SOURCE:ID, one of them.")
    data = datakit.open(build)
    if key is not None:
        row = data.why(key).row
        if as_json:
            print_json(row)
            return
        width = max(map(len, row))
        print("\n".join(f"{name:<{width}}  {_value(value)}" for name, value in row.items()))
        return
    source, colon, record_id = str(record).partition(":")
    if not colon:
        raise UsageError(f"--record {record}: no ':'. Write --record SOURCE:ID.")
    fate = data.why_record(source, record_id)
    if as_json:
        print_json(asdict(fate))
    else:
        print(fate_text(fate))


def fate_text(fate: RecordFate) -> str:
    """A record's fate in words."""
    head = f"record {fate.record_id} of {fate.source}: {fate.fate}"
    if fate.fate == "used":
        return f"{head} in {', '.join(fate.keys)}"
    if fate.fate == "unknown":
        return f"{head}; the source has no record of this id, or --limit left it out."
    lines = [f"{head}, {fate.reason}", f"place: {fate.place}"]
    lines += [f"detail: {fate.detail}"] if fate.detail else []
    lines += [f"kept instead: {fate.kept_record_id}"] if fate.kept_record_id else []
    return "\n".join(lines)


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
