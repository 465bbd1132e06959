"""Which files are archives, and the tree that each is."""

from __future__ import annotations

from datakit.io.trees.archive_tree import ArchiveTree
from datakit.io.trees.tar_tree import TarTree
from datakit.io.trees.tree import Tree
from datakit.io.trees.zip_tree import ZipTree

SUFFIXES = (".zip", ".tar")
UNREADABLE = (
    ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".7z", ".rar",
)  # fmt: skip


def open_archive(outer: Tree, name: str) -> ArchiveTree:
    """The archive that a file of another tree is."""
    return ZipTree(outer, name) if name.lower().endswith(".zip") else TarTree(outer, name)


def is_archive(name: str) -> bool:
    """Whether a file is an archive that can be read in place, by its name."""
    return name.lower().endswith(SUFFIXES)


def is_compressed(name: str) -> bool:
    """Whether a file is an archive that must be unpacked first, by its name."""
    return name.lower().endswith(UNREADABLE)


def archive_stem(name: str) -> str:
    """An archive's name without the end that makes it one."""
    return name.rpartition(".")[0]
