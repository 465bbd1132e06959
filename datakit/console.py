"""How a command line ends, and the tables and bars that it prints.

Errors go to stderr with their exit status, a traceback only on request.

`datakit` and `trainer` share it. It imports nothing heavy.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import zip_longest
from typing import Any, TextIO

from datakit.errors import DatakitError

DEBUG = "--debug"

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
LEAST_TEXT = 16  # characters that a column of texts keeps, however narrow the screen
LEAST_NAME = 12


def run_app(app: Callable[[], object], *, extra: str = "", of_extra: Collection[str] = ()) -> None:
    """Runs a typer app; what the project raises on purpose becomes a message and a status.

    0 done, 1 faulty data or failed work, 2 a wrong command or file, 130 interrupted.

    Args:
        extra: the extra of the distribution that the app needs.
        of_extra: modules that come with it; where one is missing, the message names the extra.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that has only ASCII
    debug = DEBUG in sys.argv
    sys.argv = [argument for argument in sys.argv if argument != DEBUG]
    try:
        app()
    except DatakitError as error:
        if debug:
            raise
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_status)
    except ModuleNotFoundError as error:
        if debug or error.name not in of_extra:
            raise
        sys.stderr.write(
            f"error: this needs {error.name}, which comes with the extra {extra!r}: "
            f"pip install 'datakit-vlm[{extra}]', in a checkout pip install '.[{extra}]'.\n"
        )
        sys.exit(2)
    except BrokenPipeError:
        # A reader such as `head` has left; nobody wants the rest, nor a complaint at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def counted(count: int, unit: str) -> str:
    """`1 shard`, `1,234 shards`."""
    return f"{count:,} {unit}{'' if count == 1 else 's'}"


def printable(text: str) -> str:
    """A raw text that moves no terminal's cursor; its ends of lines stay."""
    return CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def print_json(fields: Mapping[str, Any]) -> None:
    """Prints one JSON object: keys in snake case, the unit of each count in its key."""
    import orjson

    text = orjson.dumps(dict(fields), option=orjson.OPT_INDENT_2).decode()
    sys.stdout.write(f"{text}\n")


def size_text(size_bytes: int) -> str:
    """`13.5 GB`, `181.0 MB`."""
    return f"{size_bytes / 1e9:,.1f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:,.1f} MB"


def format_table(
    header: list[str],
    rows: list[list[str]],
    *,
    left: int = 1,
    units: Mapping[int, str] | None = None,
    width: int | None = None,
) -> str:
    """A plain table; the first `left` columns align left, the others right.

    Args:
        units: a line above the header that says what columns count, by the first of them.
        width: characters a line at most, nothing cut: where they do not suffice, texts fold, and
            names that are too long stand on a line of their own. Numbers are never folded.
    """
    cells = [header, *rows]
    natural = [max(len(row[i]) for row in cells) for i in range(len(header))]
    widths = natural if width is None else _fitted(natural, header, left, width)
    above = ""
    for column, unit in (units or {}).items():
        above = above.ljust(sum(widths[:column]) + 2 * column) + unit
    lines = [above] if above else []
    lines += [*_folded(header, widths, left), "  ".join("-" * width for width in widths)]
    return "\n".join([*lines, *(line for row in rows for line in _folded(row, widths, left))])


def _fitted(natural: list[int], header: list[str], left: int, width: int) -> list[int]:
    """Widths of columns that fit: texts give first, the widest of them most; names then."""
    widths = list(natural)
    for columns, least in ((range(1, left), LEAST_TEXT), (range(min(left, 1)), LEAST_NAME)):
        while (over := sum(widths) + 2 * (len(widths) - 1) - width) > 0:
            least_of = {c: max(len(header[c]), least) for c in columns}
            wide = [c for c in columns if widths[c] > least_of[c]]
            if not wide:
                break
            widest = max(wide, key=lambda c: widths[c])
            second = max((widths[c] for c in wide if c != widest), default=0)
            widths[widest] = max(
                widths[widest] - over, min(second, widths[widest] - 1), least_of[widest]
            )
    return widths


def _folded(row: list[str], widths: list[int], left: int) -> list[str]:
    """The lines of one row; a name that does not fit stands above its row."""
    name, *others = row
    above = [name] if len(name) > widths[0] else []
    columns = [[""] if above else [name]]
    columns += [
        (textwrap.wrap(cell, width) or [""]) if index < left else [cell]
        for index, (cell, width) in enumerate(zip(others, widths[1:], strict=True), 1)
    ]
    lines = [
        "  ".join(
            cell.ljust(width) if index < left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in zip_longest(*columns, fillvalue="")
    ]
    return [*above, *lines]


def screen_width() -> int:
    """Characters a line: those of the terminal, or 80 where there is none."""
    return max(shutil.get_terminal_size((80, 24)).columns, 40)


def format_bars(parts: Sequence[tuple[str, float]], *, width: int, blocks: bool) -> str:
    """A bar chart of shares: a line each, the largest as long as the line allows.

    Args:
        parts: names and shares, of 1.
        width: characters a line; a name that leaves no room for a bar stands above it.
        blocks: eighths of a character by Unicode's blocks; else whole ones, plain ASCII.
    """
    most = max((share for _, share in parts), default=0.0)
    names = min(max((len(name) for name, _ in parts), default=0), width // 3)
    room = max(width - names - len("  100.0%  "), 10)
    lines = []
    for name, share in parts:
        length = share / most * room if most else 0.0
        bar = _block_bar(length) if blocks else "#" * (max(round(length), 1) if share else 0)
        above = [name] if len(name) > names else []
        label = ("" if above else name).ljust(names)
        lines += [*above, f"{label}  {share_text(share):>6}  {bar}".rstrip()]
    return "\n".join(lines)


def share_text(share: float) -> str:
    """`23.6%`; what is not nothing is told from nothing."""
    return "<0.1%" if 0 < share < 0.0005 else f"{share:.1%}"


def _block_bar(length: float) -> str:
    """A bar of `length` characters; what is not nothing shows."""
    eighths = max(round(length * 8), 1) if length else 0
    whole, rest = divmod(eighths, 8)
    return "\N{FULL BLOCK}" * whole + (chr(ord("\N{FULL BLOCK}") + 8 - rest) if rest else "")


def shows_blocks(stream: TextIO) -> bool:
    """Whether a stream's encoding and the locale have Unicode's blocks."""
    named = (os.environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    if next(filter(None, named), "") in ("C", "POSIX"):
        return False
    try:
        "\N{FULL BLOCK}\N{LEFT ONE EIGHTH BLOCK}".encode(stream.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
