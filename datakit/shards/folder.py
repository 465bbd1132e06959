"""The output folder: whose it is, what it holds, and that one build at a time writes there."""

from __future__ import annotations

import contextlib
import difflib
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from datakit.errors import OutputError
from datakit.io.atomic import TEMPORARY_SUFFIX
from datakit.shards.manifest import MANIFEST
from datakit.shards.mixture_lock import HEADER, LOCK

WORK = ".build"
LOG = "build.log.jsonl"
OWN_SHARD = re.compile(r"(train|val)(-[A-Za-z0-9][A-Za-z0-9_-]{0,59})?-\d{6}\.tar(\.idx)?")
OWN_META = frozenset({".info.json", "dataset.yaml", "split.yaml", "index.sqlite", "index.uuid"})
OWN_NAMES = frozenset(
    {
        WORK,
        LOG,
        LOCK,
        MANIFEST,
        ".nv-meta",
        "README.md",
        "index.parquet",
        "not_drawn.parquet",
        "rejects.parquet",
        "shard_rejects.parquet",
        "shards",
        "train.wids.json",
        "val.wids.json",
    }
)


@contextlib.contextmanager
def locked(out: Path, *, work: str = "build") -> Iterator[None]:
    """Makes the folder and holds it; a second build, or other `work`, into it is refused.

    The lock is the kernel's, on the folder itself, so that it ends with its process.

    Raises:
        OutputError: the folder cannot be written, or another one is at work there.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(out, os.O_RDONLY)
    except OSError as error:
        raise OutputError(f"{out} cannot be made: {error.strerror}.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise OutputError(f"another {work} is writing to {out}. Wait for it to end.") from None
    try:
        yield
    finally:
        os.close(descriptor)


def prepare(out: Path) -> Path:
    """Checks that nothing but a build lives in the folder, and makes its work folder.

    Raises:
        OutputError: other files are there, or the folder cannot be written.
    """
    foreign = foreign_files(out)
    if foreign:
        raise OutputError(
            f"{out} holds files that no build wrote: {', '.join(foreign[:5])}. "
            "Choose another --out, or move them away."
        )
    try:
        work = out / WORK
        (work / "records").mkdir(parents=True, exist_ok=True)
        (work / "done").mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror}.") from error
    return work


def foreign_files(out: Path) -> list[str]:
    """What is in the folder that no build wrote; all of it, where no build was ever begun."""
    folders = [folder for folder in (out, out / "shards", out / ".nv-meta") if folder.is_dir()]
    names = (path.relative_to(out).as_posix() for folder in folders for path in folder.iterdir())
    begun = (out / WORK).is_dir() or _starts_with(out / LOCK, HEADER)
    return sorted(name for name in names if not (begun and is_own(name)))


def remove_own_output(out: Path) -> None:
    """Removes what a build wrote, its manifest first, so that no half build looks whole.

    The work folder stays, but for what it notes of finished shards.
    """
    shutil.rmtree(out / WORK / "done")
    (out / WORK / "done").mkdir()
    for name in sorted(OWN_NAMES - {WORK}, key=lambda name: name != MANIFEST):
        path = out / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def refuse_other_mixture(out: Path, lock: str) -> None:
    """Compares the lock file that is there with the one of this build.

    Raises:
        OutputError: they differ; the difference is shown.
    """
    path = out / LOCK
    if not path.is_file():
        return
    there = path.read_text(encoding="utf-8")
    if there == lock:
        return
    lines = difflib.unified_diff(
        there.splitlines(), lock.splitlines(), f"{out} (there)", "this mixture", lineterm="", n=1
    )
    shown = "\n  ".join(list(lines)[:30])
    raise OutputError(
        f"{out} holds a build of another mixture, or of other data:\n  {shown}\n"
        "Choose another --out, or replace it with --force."
    )


def is_own(name: str) -> bool:
    """Whether a build writes a file of this name, relative to its folder."""
    folder, _, base = name.removesuffix(TEMPORARY_SUFFIX).rpartition("/")
    if folder == "shards":
        return OWN_SHARD.fullmatch(base) is not None
    return base in (OWN_META if folder else OWN_NAMES)


def _starts_with(path: Path, text: str) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(text.encode())) == text.encode()
    except OSError:
        return False
