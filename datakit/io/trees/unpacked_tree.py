"""A folder whose archives read as if they had been unpacked where they lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import IO

from datakit.errors import FormatError
from datakit.io.trees.archive_tree import ArchiveTree
from datakit.io.trees.archives import archive_stem, is_archive, is_compressed, open_archive
from datakit.io.trees.tree import Stamp, Tree, join


class UnpackedTree(Tree):
    """Another tree, with the members of the archives in it.

    The members of `a/images.zip` are found in `a/`, and in `a/images/` where the archive has no
    folder of that name: what one gets by unpacking it there. A file that is there itself goes
    before a member, and a folder that is there itself lists what it has itself. Archives are
    opened only for names that are not there themselves.
    """

    def __init__(self, base: Tree) -> None:
        self.base = base
        self.root = base.root
        self._packed: dict[str, list[str]] = {}
        self._opened: dict[str, ArchiveTree | None] = {}
        self._problems: dict[str, str] = {}
        self._remarks: dict[str, str] = {}

    def __reduce__(self) -> tuple[type[UnpackedTree], tuple[Tree]]:
        return UnpackedTree, (self.base,)

    @property
    def trace(self) -> dict[tuple[str, str], Stamp]:
        return self.base.trace

    def size(self, name: str) -> int | None:
        own = self.base.size(name)
        if own is not None:
            return own
        packed = (tree.size(inner) for tree, inner in self._in(name))
        return next((size for size in packed if size is not None), None)

    def sizes(self, names: Sequence[str]) -> list[int | None]:
        own = zip(names, self.base.sizes(names), strict=True)
        return [self.size(name) if size is None else size for name, size in own]

    def is_dir(self, name: str) -> bool:
        return self.base.is_dir(name) or any(tree.is_dir(inner) for tree, inner in self._in(name))

    def names(self, folder: str) -> list[str]:
        if self.base.is_dir(folder):
            inside = self.base.names(folder)
            self._packed[folder] = [name for name in inside if is_archive(name)]
            return sorted({*inside, *map(archive_stem, self._packed[folder])})
        return sorted({name for tree, inner in self._in(folder) for name in tree.names(inner)})

    def open(self, name: str) -> IO[bytes]:
        tree, inner = self._holder(name)
        return tree.open(inner)

    def read(self, name: str) -> bytes:
        try:
            return self.base.read(name)
        except OSError:
            tree, inner = self._holder(name)
            if tree is self.base:
                raise
        return tree.read(inner)

    def stamp(self, name: str) -> Stamp:
        own = self.base.stamp(name)
        if own is not None:
            return own
        return next(
            (
                tree.stamp(inner)
                for tree, inner in self._in(name)
                if tree.is_dir(inner) or tree.size(inner) is not None
            ),
            None,
        )

    def stamps(self, names: Sequence[str]) -> list[Stamp]:
        own = zip(names, self.base.stamps(names), strict=True)
        return [self.stamp(name) if stamp is None else stamp for name, stamp in own]

    def above(self) -> tuple[Tree, str]:
        outer, name = self.base.above()
        return UnpackedTree(outer), name

    def identity(self, name: str) -> str:
        tree, inner = self._holder(name)
        return tree.identity(inner)

    def remark(self, name: str) -> str:
        folders = _folders_of(name.rpartition("/")[0])
        remarks = filter(None, map(self._remark_on_archives, folders))
        return self.base.remark(name) or "; ".join(remarks)

    def _remark_on_archives(self, folder: str) -> str:
        """What of a folder's archives cannot be read."""
        if folder not in self._remarks:
            packed = [join(folder, name) for name in self.base.names(folder) if is_compressed(name)]
            names = [join(folder, name) for name in self._archives(folder)]
            trees = [tree for name in names if (tree := self._open_archive(name))]
            remarks = [f"{name} is not read; unpack it" for name in packed]
            remarks += [remark for tree in trees if (remark := tree.remark(""))]
            remarks += [self._problems[name] for name in names if name in self._problems]
            self._remarks[folder] = "; ".join(remarks)
        return self._remarks[folder]

    def _holder(self, name: str) -> tuple[Tree, str]:
        """The tree that has a file, and its name there."""
        if self.base.size(name) is None:
            for tree, inner in self._in(name):
                if tree.size(inner) is not None:
                    return tree, inner
        return self.base, name

    def _in(self, name: str) -> Iterator[tuple[ArchiveTree, str]]:
        """The archives that may hold a name, and what it would be called there."""
        for folder in _folders_of(name.rpartition("/")[0]):
            rest = name[len(folder) :].lstrip("/")
            top, _, below = rest.partition("/")
            # The archive of that very name first: of a thousand others none need be opened then.
            for archive in sorted(self._archives(folder), key=lambda a: archive_stem(a) != top):
                tree = self._open_archive(join(folder, archive))
                if tree is None:
                    continue
                yield tree, rest
                if archive_stem(archive) == top and not tree.is_dir(top):
                    yield tree, below

    def _archives(self, folder: str) -> list[str]:
        if folder not in self._packed:
            self._packed[folder] = [name for name in self.base.names(folder) if is_archive(name)]
        return self._packed[folder]

    def _open_archive(self, name: str) -> ArchiveTree | None:
        if name not in self._opened:
            tree = open_archive(self.base, name)
            try:
                tree.names("")
                self._opened[name] = tree
            except FormatError as error:
                self._problems[name] = str(error)
                self._opened[name] = None
        return self._opened[name]


@lru_cache(maxsize=1024)
def _folders_of(folder: str) -> tuple[str, ...]:
    """A folder and those that it is in, the innermost first, the root last."""
    parts = [part for part in folder.split("/") if part]
    return tuple("/".join(parts[:end]) for end in range(len(parts), -1, -1))
