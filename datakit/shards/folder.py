"""What a build's folder may hold: its own files, those of the same mixture, and no others."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from itertools import islice

from datakit.errors import OutputError
from datakit.io.atomic import TEMPORARY_SUFFIX
from datakit.io.stores import WORK, Store
from datakit.io.stores.local_store import locked_folder as locked
from datakit.io.stores.store import HOLDER
from datakit.shards.index import INDEX
from datakit.shards.manifest import MANIFEST
from datakit.shards.mixture_lock import HEADER, LOCK

__all__ = [
    "LOG",
    "WORK",
    "foreign_names",
    "is_own",
    "locked",
    "refuse_foreign_files",
    "refuse_other_mixture",
    "refuse_other_shards",
    "remove_output",
]

LOG = "build.log.jsonl"
NOTES = f"{WORK}/done"
SHOWN_NAMES = 5
FINGERPRINT = re.compile(r"^fingerprint: (\w+)$", re.MULTILINE)
OWN_SHARD = re.compile(r"(train|val)(-[A-Za-z0-9][A-Za-z0-9_-]{0,59})?-\d{6}\.tar(\.idx)?")
OWN_META = frozenset({".info.json", "dataset.yaml", "split.yaml", "index.sqlite", "index.uuid"})
OWN_NAMES = frozenset(
    {
        LOG,
        LOCK,
        MANIFEST,
        "README.md",
        INDEX,
        "not_drawn.parquet",
        "rejects.parquet",
        "shard_rejects.parquet",
        "train.wids.json",
        "val.wids.json",
    }
)


def refuse_foreign_files(store: Store) -> None:
    """Lets a place pass where nothing but a build lies.

    Raises:
        OutputError: other files are there; all files are, where no build was ever begun.
    """
    first = list(islice(foreign_names(store), SHOWN_NAMES))
    if first:
        raise OutputError(
            f"{store} holds files that no build wrote: {', '.join(first)}. "
            "Choose another --out, or move them away."
        )


def foreign_names(store: Store) -> Iterator[str]:
    """What is in a place that no build wrote; all of it, where no build was ever begun."""
    begun = _was_begun(store)
    return (name for name in store.names() if name != HOLDER and not (begun and is_own(name)))


def remove_output(store: Store) -> None:
    """Removes what a build wrote, its manifest first, so that no half build looks whole.

    What is under `WORK` stays, but for what it notes of finished shards.
    """
    names = [name for name in store.names() if name.startswith(NOTES) or not _is_work(name)]
    for name in sorted(names, key=lambda name: name != MANIFEST):
        store.remove(name)


def refuse_other_mixture(store: Store, lock: str) -> None:
    """Compares the lock file that is there with the one of this build, by their fingerprints.

    Raises:
        OutputError: they differ; the difference of all is shown.
    """
    there = lock
    with suppress(FileNotFoundError):
        there = store.read(LOCK).decode("utf-8", "replace")
    if _fingerprint(there) == _fingerprint(lock):
        return  # the data may have moved, or more of them may be faulty: no byte depends on it
    lines = difflib.unified_diff(
        there.splitlines(), lock.splitlines(), f"{store} (there)", "this mixture", lineterm="", n=1
    )
    shown = "\n  ".join(list(lines)[:30])
    raise OutputError(
        f"{store} holds a build of another mixture, or of other data:\n  {shown}\n"
        "Choose another --out, or replace it with --force."
    )


def _fingerprint(lock: str) -> str:
    """The fingerprint in a lock file; all of it where it has none."""
    found = FINGERPRINT.search(lock)
    return found[1] if found else lock


def refuse_other_shards(store: Store, paths: Collection[str]) -> None:
    """Lets a place pass that has no shards beside those of this build.

    Raises:
        OutputError: it has others, which a build of this mixture cannot have written.
    """
    known = {*paths, *(f"{path}.idx" for path in paths)}
    other = [name for name in store.names() if name.startswith("shards/") and name not in known]
    if other:
        shown = ", ".join(other[:SHOWN_NAMES])
        raise OutputError(
            f"{store} holds shards that this build does not have: {shown}. Move them away, "
            "or replace all with --force."
        )


def _was_begun(store: Store) -> bool:
    """Whether a build ever wrote here; whoever only asked to hold the place has not."""
    with suppress(FileNotFoundError, IsADirectoryError):
        if store.read(LOCK).startswith(HEADER.encode()):
            return True
    return any(_is_work(name) and name != HOLDER for name in store.names())


def is_own(name: str) -> bool:
    """Whether a build writes a file of this name."""
    if _is_work(name):
        return True
    folder, _, base = name.removesuffix(TEMPORARY_SUFFIX).rpartition("/")
    if folder == "shards":
        return OWN_SHARD.fullmatch(base) is not None
    return base in (OWN_META if folder == ".nv-meta" else OWN_NAMES if not folder else ())


def _is_work(name: str) -> bool:
    return name.startswith(f"{WORK}/")
