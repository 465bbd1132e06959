"""Samples on disk: tar shards, their indexes, the manifest, and the build that writes them."""

from datakit.shards.build import BuildResult, Progress, build
from datakit.shards.manifest import Manifest, read_manifest

__all__ = ["BuildResult", "Manifest", "Progress", "build", "read_manifest"]
