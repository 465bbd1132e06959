"""`datakit info`."""

from __future__ import annotations

from datakit.cli.options import BuildArgument, JsonOption


def info(build: BuildArgument, as_json: JsonOption = False) -> None:
    """Print what a build holds."""
    from datakit.cli.summary import build_summary
    from datakit.io.trees import build_place
    from datakit.shards import read_manifest

    manifest = read_manifest(build_place(build))
    print(manifest.model_dump_json(indent=2) if as_json else build_summary(build, manifest))
