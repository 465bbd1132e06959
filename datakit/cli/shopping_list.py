"""What a mixture's data are and where they come from, as a list to work through."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from datakit.console import counted, size_text
from datakit.planning import WantedDownload

COLUMNS = 70
PACKED = (
    "A .zip or a .tar that lies where its content belongs need not be unpacked; a .tar.gz must be."
)


def shopping_list(wanted: Sequence[WantedDownload]) -> str:
    """A block a download: whether it is there, its size, where it belongs, what for, where from."""
    sizes = [size_text(item.size_bytes) if item.size_bytes else "?" for item in wanted]
    width = max(map(len, sizes), default=0)
    lines: list[str] = []
    for item, size in zip(wanted, sizes, strict=True):
        lines.append(f"{'ok' if item.present else 'missing':7}  {size:>{width}}  {item.path}")
        if not item.present:
            note = wrap(item.note, COLUMNS, break_long_words=False, break_on_hyphens=False)
            told = [f"for {', '.join(item.sources)}", f"from {item.url}", *note]
            lines += [f"{' ' * (11 + width)}{line}" for line in told]
    return "\n".join([*lines, "", PACKED, _total(wanted)])


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
