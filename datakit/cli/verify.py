"""`datakit verify`."""

from __future__ import annotations

from datakit.cli.options import BuildArgument, JsonOption
from datakit.console import counted, print_json
from datakit.errors import DamageError

SHOWN_FAULTS = 20


def verify(build: BuildArgument, as_json: JsonOption = False) -> None:
    """Check every file and every sample of a build against its manifest."""
    import datakit
    from datakit.io.trees import build_place
    from datakit.shards import read_manifest

    faults = datakit.verify(build)
    manifest = read_manifest(build_place(build))
    if as_json:
        counts = {
            "shards": len(manifest.shards),
            "other_files": len(manifest.files),
            "samples": manifest.samples,
        }
        print_json({"path": str(build), "well": not faults, **counts, "faults": faults})
    if faults:
        shown = "\n".join(f"  {fault}" for fault in faults[:SHOWN_FAULTS])
        more = f"\n  and {len(faults) - SHOWN_FAULTS:,} more" if len(faults) > SHOWN_FAULTS else ""
        raise DamageError(
            f"{build} has {counted(len(faults), 'fault')}:\n{shown}{more}\n"
            "Build it again with --force, or fetch it again."
        )
    if not as_json:
        print(
            f"{build} is whole: {counted(len(manifest.shards), 'shard')}, "
            f"{counted(len(manifest.files), 'other file')}, {counted(manifest.samples, 'sample')}."
        )
