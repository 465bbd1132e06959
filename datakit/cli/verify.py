"""`datakit verify`."""

from __future__ import annotations

from datakit.cli.options import BuildArgument
from datakit.console import counted
from datakit.errors import DamageError

SHOWN_FAULTS = 20


def verify(build: BuildArgument) -> None:
    """Check every file and every sample of a build against its manifest."""
    import datakit

    faults = datakit.verify(build)
    if faults:
        shown = "\n".join(f"  {fault}" for fault in faults[:SHOWN_FAULTS])
        more = f"\n  and {len(faults) - SHOWN_FAULTS:,} more" if len(faults) > SHOWN_FAULTS else ""
        raise DamageError(
            f"{build} has {counted(len(faults), 'fault')}:\n{shown}{more}\n"
            "Build it again with --force, or fetch it again."
        )
    manifest = datakit.open(build).manifest
    print(
        f"{build} is whole: {counted(len(manifest.shards), 'shard')}, "
        f"{counted(len(manifest.files), 'other file')}, {counted(manifest.samples, 'sample')}."
    )
