"""A folder that appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from datakit.errors import OutputError
from datakit.io.atomic import TEMPORARY_SUFFIX
from datakit.shards.folder import locked

NEW, OLD = "new", "old"


@contextlib.contextmanager
def new_folder(out: Path, *, work: str, refuse: Callable[[], None]) -> Iterator[Path]:
    """Yields an empty folder, which becomes `out` when the block ends well.

    Until then it lies in `<out>.partial`, which is removed in the end.

    Args:
        work: what is done, for messages: `export`, `push`.
        refuse: raises where what `out` holds must not be replaced; called first and last.

    Raises:
        OutputError: `out` cannot be written, or other work is done there.
    """
    out = out.resolve()
    refuse()
    partial = out.with_name(out.name + TEMPORARY_SUFFIX)
    with locked(partial, work=work):
        _clear(partial, work)
        try:
            (partial / NEW).mkdir()
            yield partial / NEW
            os.sync()  # one call for all files; a sync of each would take longer than writing it
            refuse()
            if out.exists():
                out.rename(partial / OLD)
            (partial / NEW).rename(out)
        finally:
            shutil.rmtree(partial)


def _clear(partial: Path, work: str) -> None:
    """Removes what killed work left.

    Raises:
        OutputError: the folder holds something else.
    """
    foreign = sorted(path.name for path in partial.iterdir() if path.name not in (NEW, OLD))
    if foreign:
        raise OutputError(
            f"{partial} is where the {work} is written first, and holds other files: "
            f"{', '.join(foreign[:5])}. Choose another folder, or move them away."
        )
    for path in partial.iterdir():
        shutil.rmtree(path)
