"""What is in a build's output, wherever it lies, and builds that stop before their end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import datakit
from datakit.io.stores import open_store
from datakit.shards.folder import LOG

SMALL_SHARDS = ("output.shard_samples=3",)


def digests_of(out: str | Path) -> dict[str, str]:
    """SHA-256 of every file of an output, the log aside."""
    store = open_store(out)
    return {name: store.sha256(name) for name in store.names() if name != LOG}


def build_part(mixture: Path, out: str | Path, *, shards: int, **options: Any) -> None:
    """Builds until so many shards are done, and is then interrupted."""

    def stop(_shard: object, done: int, _total: int) -> None:
        if done == shards:
            raise KeyboardInterrupt

    options = {"workers": 1, "overrides": SMALL_SHARDS, **options}
    with pytest.raises(KeyboardInterrupt):
        datakit.build(mixture, out=out, progress=datakit.Progress(on_shard=stop), **options)
