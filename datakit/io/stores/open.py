"""From what a user writes after `--out` to the store that it means."""

from __future__ import annotations

import os
from pathlib import Path

from datakit.io.stores.local_store import LocalStore
from datakit.io.stores.store import Store
from datakit.io.trees.source_path import URL

FILE = "file://"


def open_store(where: str | os.PathLike[str]) -> Store:
    """The folder, or what a URL that fsspec knows means; nothing is looked up or made.

    Raises:
        UsageError: no installed package knows such URLs.
    """
    text = os.fspath(where)
    if text.startswith(FILE) or not URL.match(text):
        return LocalStore(Path(text.removeprefix(FILE)))
    # Buckets take a package that work on this machine need not load.
    from datakit.io.stores.remote_store import RemoteStore

    return RemoteStore(text)
