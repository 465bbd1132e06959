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
        has = f"{size_text(there)} of it are there and " if there else ""
        raise DataError(
            f"{store}: the build takes about {size_text(planned)}, {has}the disk has "
            f"{size_text(free)} free. Free {size_text(planned - free - there)}, or choose another "
            "--out. Nothing was written."
        )


def planned_bytes(plan: Plan) -> int:
    """About how many bytes a plan's shards and tables take."""
    samples = plan.samples
    members = len(samples) + int(samples["num_images"].sum())
    exact = int(samples["planned_bytes"].sum()) + MEMBER_BYTES * members
    return int((exact + SAMPLE_BYTES * len(samples)) * (1 + MARGIN))
