"""A path in a source, with what `pathlib` has of it that reading needs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import IO, TypeAlias

from datakit.errors import FormatError
from datakit.io.trees.archive_tree import ArchiveTree
from datakit.io.trees.archives import archive_stem, is_archive, is_compressed, open_archive
from datakit.io.trees.local_tree import LocalTree
from datakit.io.trees.traced_tree import TracedTree
from datakit.io.trees.tree import Stamp, Tree
from datakit.io.trees.unpacked_tree import UnpackedTree

MAC_FOLDER = "__MACOSX"
URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SourcePath:
    """A file or folder of a tree, as `pathlib.Path` would be of a disk."""

    tree: Tree
    inner: str = ""

    def __truediv__(self, name: str) -> SourcePath:
        parts = [part for part in f"{self.inner}/{name}".split("/") if part not in ("", ".")]
        if ".." not in parts:
            return SourcePath(self.tree, "/".join(parts))
        path = SourcePath(self.tree)
        for part in parts:
            path = path.parent if part == ".." else path / part
        return path

    def __str__(self) -> str:
        return self.tree.full_name(self.inner)

    def __lt__(self, other: SourcePath) -> bool:
        return str(self) < str(other)

    @property
    def name(self) -> str:
        return PurePosixPath(str(self)).name

    @property
    def stem(self) -> str:
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.name).suffix

    @property
    def parent(self) -> SourcePath:
        """The folder around it, also where that is outside of the tree."""
        if self.inner:
            return SourcePath(self.tree, self.inner.rpartition("/")[0])
        outer, name = self.tree.above()
        return SourcePath(outer, name.rpartition("/")[0])

    def before_wildcards(self) -> SourcePath:
        """The part of a glob that has no wildcard; of another path, the folder around it."""
        parts = self.inner.split("/")
        wild = [bool(set("*?[") & set(part)) for part in parts]
        end = wild.index(True) if True in wild else len(parts) - 1
        return SourcePath(self.tree, "/".join(parts[:end]))

    def exists(self) -> bool:
        return self.is_file() or self.is_dir()

    def is_file(self) -> bool:
        return self.tree.size(self.inner) is not None

    def is_dir(self) -> bool:
        return self.tree.is_dir(self.inner)

    def size(self) -> int | None:
        """Bytes of the file; None where there is none."""
        return self.tree.size(self.inner)

    def stamp(self) -> Stamp:
        """What changes with a file's content, or with the names in a folder."""
        return self.tree.stamp(self.inner)

    def names(self) -> list[str]:
        """What the folder holds, sorted."""
        return self.tree.names(self.inner)

    def iterdir(self) -> Iterator[SourcePath]:
        """The files and folders in this one, sorted by name."""
        return (self / name for name in self.names())

    def glob(self, pattern: str) -> Iterator[SourcePath]:
        """What matches a pattern such as `data/*.json`, sorted; `**` is any number of folders."""
        first, _, rest = pattern.partition("/")
        if first == "**":
            yield from self.glob(rest)
            inside = (path for path in self.iterdir() if path.is_dir())
            yield from (found for path in inside for found in path.glob(pattern))
            return
        plain = not set(first) & set("*?[")
        names = [first] if plain else [n for n in self.names() if fnmatchcase(n, first)]
        for name in names:
            if rest:
                yield from (self / name).glob(rest)
            elif not plain or (self / name).exists():
                yield self / name

    def open(self, mode: str = "rb") -> IO[bytes]:
        """The file, to be read as bytes."""
        assert mode == "rb"
        return self.tree.open(self.inner)

    def read_bytes(self) -> bytes:
        with self.open() as file:
            return file.read()

    def read_range(self, start: int, size: int) -> bytes:
        """`size` bytes from `start` on, fewer where the file ends."""
        return self.tree.read_range(self.inner, start, size)

    def relative_to(self, folder: SourcePath) -> PurePosixPath:
        """The path from a folder to this one, which is in it."""
        return PurePosixPath(str(self)).relative_to(str(folder))

    def absolute(self) -> str:
        """The path as text that means the same from every working directory."""
        return str(self) if URL.match(str(self)) else str(Path(str(self)).absolute())

    def identity(self) -> str:
        """Equal for two paths only if they are one file."""
        return self.tree.identity(self.inner)


BuildPlace: TypeAlias = Path | SourcePath  # where a build lies: a folder, or a URL


def build_place(where: str | os.PathLike[str]) -> BuildPlace:
    """The folder of a build, or what a URL means; nothing is looked up.

    Raises:
        UsageError: no installed package reads such URLs.
    """
    text = os.fspath(where)
    if not URL.match(text):
        return Path(where)
    # Buckets take a package that work on this machine need not load.
    from datakit.io.trees.remote_tree import RemoteTree

    return SourcePath(RemoteTree(text, anew=True))


def stamp_of(root: str, name: str) -> Stamp:
    """The stamp of a name in the tree at a root; see `Tree.trace`."""
    return _place(root).stamp(name)


def _place(root: str) -> Tree:
    """A folder of this machine, or what a URL means."""
    if URL.match(root):
        # Buckets take a package that work on this machine need not load.
        from datakit.io.trees.remote_tree import RemoteTree

        return RemoteTree(root)
    return LocalTree(root)


def open_source(where: str | Path) -> SourcePath:
    """A path on this machine, or a URL that fsspec reads; an archive opens as a folder.

    What is not there, such as a glob, is a path in the innermost folder that is. An archive
    whose only folder has its name is that folder, as if it had been unpacked.

    Raises:
        UsageError: no installed package reads such URLs.
        FormatError: an archive that cannot be read in place.
    """
    tree: Tree
    tree, name = _split_url(str(where)) if URL.match(str(where)) else _split_path(Path(where))
    tree = TracedTree(tree)
    for end in (at for at in (*_slashes(name), len(name)) if is_archive(name[:at])):
        if tree.size(name[:end]) is not None:
            archive = open_archive(tree, name[:end])
            return SourcePath(archive, name[end + 1 :] or _only_folder(archive))
    if is_compressed(name) and tree.size(name) is not None:
        raise FormatError(
            f"{where}: an archive that cannot be read in place. Unpack it, or make it a .zip or "
            "a .tar that is not compressed."
        )
    if tree.is_dir(name):
        tree, name = tree.inside(name), ""
    return SourcePath(UnpackedTree(tree), name)


def _split_url(url: str) -> tuple[Tree, str]:
    """The tree around what a URL names, and its name there; a bucket is a tree itself."""
    # Buckets take a package that work on this machine need not load.
    from datakit.io.trees.remote_tree import RemoteTree

    outer, _, name = url.rstrip("/").rpartition("/")
    return (RemoteTree(url), "") if outer.endswith("/") else (RemoteTree(outer), name)


def _split_path(path: Path) -> tuple[Tree, str]:
    """The innermost folder that is there, and the rest of the path."""
    folder = next((p for p in (path, *path.parents) if p.is_dir()), Path())
    name = path.relative_to(folder).as_posix()
    return LocalTree(str(folder)), "" if name == "." else name


def _slashes(name: str) -> list[int]:
    return [at for at, character in enumerate(name) if character == "/"]


def _only_folder(archive: ArchiveTree) -> str:
    """The folder that is all of an archive and has its name; or nothing."""
    stem = archive_stem(archive.name.rpartition("/")[2])
    return stem if set(archive.names("")) - {MAC_FOLDER} == {stem} else ""
