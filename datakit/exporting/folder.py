"""What a folder may hold for an export to take its place."""

from __future__ import annotations

import re
from pathlib import Path

from datakit.errors import OutputError

EXPORT = "export.json"
OWN_FILE = re.compile(
    r"export\.json|dataset_info\.json|README\.md|\w+\.jsonl?|data/\w+-\d{5}\.parquet"
    r"|images/[0-9a-f]{2}/[0-9a-f]{64}\.(jpg|png|webp)"
)


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
