"""Files wherever they lie: in a folder, in an archive in it, in an archive alone, in a bucket."""

from datakit.io.trees.archives import is_archive
from datakit.io.trees.source_path import (
    BuildPlace,
    SourcePath,
    build_place,
    open_source,
    stamp_of,
)
from datakit.io.trees.tree import Stamp, Tree

__all__ = [
    "BuildPlace",
    "SourcePath",
    "Stamp",
    "Tree",
    "build_place",
    "is_archive",
    "open_source",
    "stamp_of",
]
