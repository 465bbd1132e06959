"""How a command line ends: errors to stderr with their exit status, a traceback only on request.

`datakit` and `trainer` share it. It imports nothing heavy.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Collection, Mapping

from datakit.errors import DatakitError

DEBUG = "--debug"


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


def size_text(size_bytes: int) -> str:
    """`13.5 GB`, `181.0 MB`."""
    return f"{size_bytes / 1e9:,.1f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:,.1f} MB"


def format_table(
    header: list[str],
    rows: list[list[str]],
    *,
    left: int = 1,
    units: Mapping[int, str] | None = None,
) -> str:
    """A plain table; the first `left` columns align left, the others right.

    Args:
        units: a line above the header that says what columns count, by the first of them.
    """
    cells = [header, *rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = [
        "  ".join(
            cell.ljust(width) if index < left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
    above = ""
    for column, unit in (units or {}).items():
        above = above.ljust(sum(widths[:column]) + 2 * column) + unit
    head = [above] if above else []
    return "\n".join([*head, lines[0], "  ".join("-" * width for width in widths), *lines[1:]])
