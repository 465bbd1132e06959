"""Whether a build fits, before its first byte is written."""

from __future__ import annotations

from datakit.console import size_text
from datakit.errors import DataError
from datakit.io.stores import Store
from datakit.planning import Plan

# Beside the raw bytes: a tar header and half a block of padding a member; a sample's JSON around
# its texts, and its rows in the indexes.
MEMBER_BYTES = 768
SAMPLE_BYTES = 2048
MARGIN = 0.02
SMALL_BYTES = 1_000_000


def check_free_space(store: Store, plan: Plan) -> None:
    """Compares what a plan will take with what is free, and with what it replaces there.

    Raises:
        DataError: there is too little room.
    """
    free = store.free_bytes()
    if free is None:
        return
    planned = planned_bytes(plan)
    there = sum(store.size(name) for name in store.names() if name.startswith("shards/"))
    if planned > free + there:
        has = f"{_text(there)} of it are there and " if there else ""
        raise DataError(
            f"{store}: the build takes about {_text(planned)}, {has}the disk has {_text(free)} "
            f"free. Free {_text(planned - free - there)} more, or choose another --out. No shard "
            "was written."
        )


def planned_bytes(plan: Plan) -> int:
    """About how many bytes a plan's shards and tables take."""
    samples = plan.samples
    members = len(samples) + int(samples["num_images"].sum())
    exact = int(samples["planned_bytes"].sum()) + MEMBER_BYTES * members
    return int((exact + SAMPLE_BYTES * len(samples)) * (1 + MARGIN))


def _text(size_bytes: int) -> str:
    return size_text(size_bytes) if size_bytes >= SMALL_BYTES else f"{size_bytes:,} bytes"
