"""`datakit cache`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datakit.sources.cache import CacheEntry


class Action(StrEnum):
    """What can be done to the cache, beside looking at it."""

    clear = "clear"


def cache(
    action: Annotated[
        Action | None,
        typer.Argument(metavar="clear", help="Remove every entry; without it, they are listed."),
    ] = None,
) -> None:
    """List, or clear, converted records and sizes of samples (DATAKIT_CACHE says where)."""
    from datakit.sources.cache import RecordCache

    found = RecordCache.of_user()
    if found.folder is None:
        print("There is no cache: DATAKIT_CACHE is off.")
        return
    entries = found.entries()
    count = "1 entry" if len(entries) == 1 else f"{len(entries):,} entries"
    if action is Action.clear:
        freed = found.clear()
        print(f"removed {count}, {freed / 1e6:,.1f} MB, from {found.folder}")
        return
    if not entries:
        print(f"{found.folder}: nothing is cached.")
        return
    _print_entries(entries)
    total = sum(entry.bytes for entry in entries)
    print(f"\n{count}, {total / 1e6:,.1f} MB in {found.folder}")


def _print_entries(entries: list[CacheEntry]) -> None:
    from datakit.console import format_table

    rows = sorted(map(_cells, entries))
    print(format_table(["converter", "split", "path", "holds", "MB"], rows, left=3))


def _cells(entry: CacheEntry) -> list[str]:
    from datakit.console import counted

    size = f"{entry.bytes / 1e6:,.2f}"
    try:
        about = entry.about
        named = [about[name] for name in ("converter", "split", "path")]
        unit = "sample" if "samples" in about else "record"
        return [*named, counted(about[f"{unit}s"], unit), size]
    except (OSError, ValueError, KeyError, TypeError):
        return ["damaged", "-", str(entry.folder), "-", size]
