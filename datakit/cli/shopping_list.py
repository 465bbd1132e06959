"""What a mixture's data are and where they come from, as a list to work through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datakit.console import counted, format_table, size_text
from datakit.planning import WantedDownload


def shopping_list(wanted: Sequence[WantedDownload]) -> str:
    """A row a download: whether it is there, how large it is, where it belongs, where it is."""
    rows = [
        [
            "ok" if item.present else "missing",
            size_text(item.size_bytes) if item.size_bytes else "?",
            str(item.path),
            ", ".join(item.sources),
            item.url,
        ]
        for item in wanted
    ]
    header = ["state", "size", "where it belongs", "for", "from"]
    table = format_table(header, rows, left=len(header))
    notes: dict[str, list[str]] = {}
    for item in wanted:
        if item.note and not item.present:
            notes.setdefault(item.note, []).append("/".join(item.path.parts[-2:]))
    lines = [f"{', '.join(dict.fromkeys(names))}: {note}" for note, names in notes.items()]
    return "\n\n".join(part for part in (table, "\n".join(lines), _total(wanted)) if part)


def list_fields(wanted: Sequence[WantedDownload]) -> dict[str, Any]:
    """The same for a program; sizes in bytes, null where they are not known."""
    sizes = _missing_sizes(wanted)
    downloads = [
        {
            "sources": list(item.sources),
            "url": item.url,
            "path": str(item.path),
            "size_bytes": item.size_bytes,
            "note": item.note,
            "present": item.present,
        }
        for item in wanted
    ]
    return {
        "well": False,
        "missing_bytes": sum(size or 0 for size in sizes.values()),
        "missing_downloads_of_unknown_size": sum(size is None for size in sizes.values()),
        "downloads": downloads,
    }


def _total(wanted: Sequence[WantedDownload]) -> str:
    sizes = _missing_sizes(wanted)
    known = sum(size or 0 for size in sizes.values())
    unknown = sum(size is None for size in sizes.values())
    more = f", and {counted(unknown, 'download')} of unknown size" if unknown else ""
    return f"To download: {size_text(known)}{more}."


def _missing_sizes(wanted: Sequence[WantedDownload]) -> dict[str, int | None]:
    """Sizes of what is not there; a file that belongs in two places is fetched once."""
    there = {_file(item) for item in wanted if item.present}
    return {_file(item): item.size_bytes for item in wanted if _file(item) not in there}


def _file(item: WantedDownload) -> str:
    return item.url if item.size_bytes is not None else f"{item.url} {item.path}"
