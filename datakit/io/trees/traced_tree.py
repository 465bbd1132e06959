"""A tree that notes what was asked of it, so that one can tell later whether it still says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import IO

from datakit.io.trees.tree import Stamp, Tree


class TracedTree(Tree):
    """Another tree, and the stamps of every file that was opened and every folder looked into.

    What is read whole by `read`, as images are, is not noted: there may be millions. A copy in
    another process is the other tree alone.
    """

    def __init__(self, base: Tree, seen: dict[tuple[str, str], Stamp] | None = None) -> None:
        self.base = base
        self.root = base.root
        self._place = base.place
        self._seen = {} if seen is None else seen
        self._folders: set[str] = set()

    def __reduce__(self) -> tuple[Callable[[Tree], Tree], tuple[Tree]]:
        return _same, (self.base,)

    @property
    def trace(self) -> dict[tuple[str, str], Stamp]:
        return self._seen

    @property
    def place(self) -> str:
        return self._place

    def size(self, name: str) -> int | None:
        self._looked_into(name.rpartition("/")[0])
        return self.base.size(name)

    def sizes(self, names: Sequence[str]) -> list[int | None]:
        for folder in dict.fromkeys([name.rpartition("/")[0] for name in names]):
            self._looked_into(folder)
        return self.base.sizes(names)

    def is_dir(self, name: str) -> bool:
        self._looked_into(name.rpartition("/")[0])
        return self.base.is_dir(name)

    def names(self, folder: str) -> list[str]:
        self._looked_into(folder)
        return self.base.names(folder)

    def open(self, name: str) -> IO[bytes]:
        if (self.place, name) not in self._seen:
            self._seen[self.place, name] = self.base.stamp(name)
        return self.base.open(name)

    def read(self, name: str) -> bytes:
        return self.base.read(name)

    def stamp(self, name: str) -> Stamp:
        return self.base.stamp(name)

    def stamps(self, names: Sequence[str]) -> list[Stamp]:
        return self.base.stamps(names)

    def above(self) -> tuple[Tree, str]:
        outer, name = self.base.above()
        return TracedTree(outer, self._seen), name

    def inside(self, folder: str) -> TracedTree:
        """The same with a folder of it as the root."""
        return TracedTree(self.base.inside(folder), self._seen) if folder else self

    def identity(self, name: str) -> str:
        return self.base.identity(name)

    def remark(self, name: str) -> str:
        return self.base.remark(name)

    def _looked_into(self, folder: str) -> None:
        """Notes a folder, or where it is missing the innermost one that is there."""
        while folder not in self._folders:
            self._folders.add(folder)
            stamp = self.base.stamp(folder)
            self._seen.setdefault((self.place, folder), stamp)
            if stamp is not None:
                return
            folder = folder.rpartition("/")[0]


def _same(tree: Tree) -> Tree:
    return tree
