"""The folder that an export writes: whole or absent, and never in place of other files."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from datakit.errors import OutputError
from datakit.io.atomic import TEMPORARY_SUFFIX
from datakit.shards.folder import locked

EXPORT = "export.json"
NEW, OLD = "new", "old"
OWN_FILE = re.compile(
    r"export\.json|dataset_info\.json|README\.md|\w+\.jsonl?|data/\w+-\d{5}\.parquet"
    r"|images/[0-9a-f]{2}/[0-9a-f]{64}\.(jpg|png|webp)"
)


@contextlib.contextmanager
def new_folder(out: Path, *, force: bool) -> Iterator[Path]:
    """Yields an empty folder, which becomes `out` when the block ends well.

    Until then it lies in `<out>.partial`, which is removed in the end.

    Args:
        force: replaces an earlier export, and nothing else.

    Raises:
        OutputError: `out` cannot be written, is in use, or holds something.
    """
    out = out.resolve()
    refuse_what_is_there(out, force=force)
    work = out.with_name(out.name + TEMPORARY_SUFFIX)
    with locked(work, work="export"):
        _clear(work)
        try:
            (work / NEW).mkdir()
            yield work / NEW
            os.sync()  # one call for all images; a sync of each would take longer than writing it
            refuse_what_is_there(out, force=force)
            if out.exists():
                out.rename(work / OLD)
            (work / NEW).rename(out)
        finally:
            shutil.rmtree(work)


def refuse_what_is_there(out: Path, *, force: bool) -> None:
    """Lets a folder pass that is not there, is empty, or may be replaced.

    Raises:
        OutputError: there is something else, or an export that `force` does not replace.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise OutputError(f"{out} is a file. Choose another --out.")
    files = [path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir()]
    if not files:
        return
    foreign = sorted(name for name in files if not OWN_FILE.fullmatch(name))
    if foreign or EXPORT not in files:
        names = ", ".join((foreign or sorted(files))[:5])
        raise OutputError(
            f"{out} holds files that no export wrote: {names}. "
            "Choose another --out, or move them away."
        )
    if not force:
        raise OutputError(
            f"{out} holds an export already. Choose another --out, or replace it with --force."
        )


def _clear(work: Path) -> None:
    """Removes what a killed export left.

    Raises:
        OutputError: the folder holds something else.
    """
    foreign = sorted(path.name for path in work.iterdir() if path.name not in (NEW, OLD))
    if foreign:
        raise OutputError(
            f"{work} is where the export is written first, and holds other files: "
            f"{', '.join(foreign[:5])}. Choose another --out, or move them away."
        )
    for path in work.iterdir():
        shutil.rmtree(path)
