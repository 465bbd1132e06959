"""A source's images, wherever they are: which exist, how large they are, and their bytes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from datakit.errors import FormatError
from datakit.io.table_cells import Cell, CellColumn, parse_cell
from datakit.io.tar_parts import MARK, parse_part
from datakit.io.trees import SourcePath, Stamp
from datakit.io.trees.tree import join

EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")
MOST_SIBLINGS = 1000
MOST_FOLDERS = 50
MOST_SEARCHES = 10  # each compares a name with up to MOST_SIBLINGS others


class ImageFiles:
    """The images of one source, by name: files under a root, cells of tables, parts of tars.

    Each is looked up once.

    Args:
        root: the folder that names of files are relative to.
        tables: the folder that names of cells and parts are relative to; the root where it is None.
    """

    def __init__(self, root: SourcePath, tables: SourcePath | None = None) -> None:
        self.root = root
        self.tables = tables or root
        self._sizes: dict[str, int] = {}
        self._columns: dict[tuple[str, str], CellColumn] = {}
        self._problems: dict[tuple[str, str], str] = {}
        self._staged: dict[str, tuple[IO[bytes], int, int]] = {}
        self._folders: dict[str, dict[str, str]] = {}
        self._near: dict[str, dict[str, str]] = {}
        self._searches = 0

    def __reduce__(self) -> tuple[type[ImageFiles], tuple[SourcePath, SourcePath]]:
        return ImageFiles, (self.root, self.tables)

    def size(self, name: str) -> int | None:
        """Bytes of an image; None where there is none of this name."""
        known = self._sizes.get(name)
        if known is None:
            known = self._sizes[name] = self._look(name)
        return known if known >= 0 else None

    def sizes(self, names: Sequence[str]) -> list[int | None]:
        """The `size` of each of many images, in a third of the time."""
        new = [name for name in names if MARK not in name and name not in self._sizes]
        found = self.root.tree.sizes([self._inner(name) for name in new])
        self._sizes.update(zip(new, [-1 if size is None else size for size in found], strict=True))
        return [self.size(name) for name in names]

    def read(self, name: str) -> bytes:
        """The bytes of an image.

        Raises:
            OSError: there is none of this name, or it cannot be read.
        """
        if name in self._staged:
            stage, start, size = self._staged[name]
            stage.seek(start)
            return stage.read(size)
        if part := parse_part(name):
            return part.read(self.tables)
        if (cell := parse_cell(name)) is None:
            return self.root.tree.read(self._inner(name))
        if self.size(name) is None:
            raise FileNotFoundError(2, self._about_cell(cell), name)
        return next(data for _, data in self._column(cell).read([(cell.row, cell.index)]))

    def stamp(self, name: str) -> Stamp:
        """What changes with the file that holds an image; see `Tree.stamp`."""
        if MARK in name and (packed := parse_cell(name) or parse_part(name)):
            return (self.tables / packed.file).stamp()
        return self.root.tree.stamp(self._inner(name))

    def stamps(self, names: Sequence[str]) -> list[Stamp]:
        """The `stamp` of each of many images."""
        if any(MARK in name for name in names):
            return [self.stamp(name) for name in names]
        return self.root.tree.stamps([self._inner(name) for name in names])

    def identity(self, name: str) -> str:
        """Equal for two images, of whichever source, only if they are one."""
        packed = parse_cell(name) or parse_part(name)
        return str(self.tables / name) if packed else self.root.tree.identity(self._inner(name))

    def suggestion(self, name: str) -> str:
        """The existing image that a missing name was probably meant to be, in a sentence."""
        if cell := parse_cell(name):
            return self._about_cell(cell)
        if remark := self.root.tree.remark(self._inner(name)):
            return remark
        folder, _, base = name.rpartition("/")
        found = self._alike(folder, base) or self._close_to(folder, base)
        if found:
            return f"nearest is {found}"
        if not (siblings := self._siblings(folder)):
            return f"the folder {folder or '.'!r} is missing or empty"
        return f"none near it among the {len(siblings):,} names in {folder or '.'!r}"

    @contextmanager
    def staged(self, names: Iterable[str], folder: Path) -> Iterator[None]:
        """While it lasts, the cells among these images are read from one file on disk.

        A table is compressed a thousand images at a time: they are read in its order, once.
        Sources that are parts of one release (`split_by`) are one `ImageFiles`, staged at a time.
        """
        wanted: dict[tuple[str, str], dict[tuple[int, int], str]] = {}
        for name in names:
            if cell := parse_cell(name):
                own = wanted.setdefault((cell.file, cell.column), {})
                own[cell.row, cell.index] = name
        if not wanted:
            yield
            return
        own_names: list[str] = []
        with TemporaryFile(dir=folder) as stage:
            for (file, column), places in wanted.items():
                cells = self._column(Cell(file, column, 0))
                for place, data in cells.read(places):
                    own_names.append(places[place])
                    self._staged[places[place]] = (stage, stage.tell(), len(data))
                    stage.write(data)
            try:
                yield
            finally:
                for name in own_names:
                    self._staged.pop(name, None)

    def _look(self, name: str) -> int:
        size = self._packed_size(name) if MARK in name else None
        if size is None:
            size = self.root.tree.size(self._inner(name))
        return -1 if size is None else size

    def _packed_size(self, name: str) -> int | None:
        """Bytes of a part of a tar or of a cell; None for all other names."""
        if part := parse_part(name):
            there = (self.tables / part.file).size() or 0
            return part.size if part.start + part.size <= there else None
        cell = parse_cell(name)
        return self._cell_size(cell) if cell else None

    def _cell_size(self, cell: Cell) -> int | None:
        """Bytes of a cell; None also where there is no such table or column, which is noted."""
        if (cell.file, cell.column) in self._problems:
            return None
        try:
            return self._column(cell).size(cell.row, cell.index)
        except FormatError as error:
            self._problems[cell.file, cell.column] = str(error)
            return None

    def _about_cell(self, cell: Cell) -> str:
        """Why there is no image in a cell."""
        return self._problems.get((cell.file, cell.column), "no image in that row of the table")

    def _inner(self, name: str) -> str:
        """An image's name in the root's tree."""
        return join(self.root.inner, name)

    def _column(self, cell: Cell) -> CellColumn:
        key = (cell.file, cell.column)
        if key not in self._columns:
            self._columns[key] = CellColumn(self.tables / cell.file, cell.column)
        return self._columns[key]

    def _nearby(self, folder: str) -> dict[str, str]:
        """The images in a folder, and in those that it may have been meant to be, by lower case."""
        if folder not in self._near:
            near: dict[str, str] = {}
            for place in (folder, *self._other_places(folder)):
                for lower, name in self._siblings(place).items():
                    near.setdefault(lower, join(place, name))
            self._near[folder] = near
        return self._near[folder]

    def _other_places(self, folder: str) -> list[str]:
        """Folders that this one may have been meant to be: other case, a part too many or few."""
        parts = folder.split("/") if folder else []
        shorter = ["/".join(parts[start:]) for start in range(1, len(parts) + 1)]
        longer = [join(top, folder) for top in self._tops(*parts[:1])]
        same = [place] if (place := self._in_other_case(parts)) is not None else []
        return [place for place in (*same, *shorter, *longer) if (self.root / place).is_dir()]

    def _tops(self, part: str = "") -> list[str]:
        """The first names in the root; those that have a name in them where one is given."""
        tops = list(islice(self._siblings("").values(), MOST_FOLDERS))
        return [top for top in tops if not part or part.lower() in self._siblings(top)]

    def _in_other_case(self, parts: list[str]) -> str | None:
        place = ""
        for part in parts:
            inside = self._siblings(place)
            if part.lower() not in inside:
                return None
            place = join(place, inside[part.lower()])
        return place

    def _alike(self, folder: str, base: str) -> str | None:
        """A file with this name in another case or place, or with another extension."""
        near = self._nearby(folder)
        stem = (base.rpartition(".")[0] if "." in base else base).lower()
        names = [base.lower(), *(f"{stem}{extension}" for extension in EXTENSIONS)]
        return next((near[name] for name in names if name in near), None)

    def _close_to(self, folder: str, base: str) -> str | None:
        """A file of the folder with almost this name; looked for a few times only."""
        if self._searches == MOST_SEARCHES:
            return None
        self._searches += 1
        names = islice(self._siblings(folder).values(), MOST_SIBLINGS)
        close = get_close_matches(base, list(names), n=1)
        return join(folder, close[0]) if close else None

    def _siblings(self, folder: str) -> dict[str, str]:
        """The names in a folder by their lower-case form, fit to be shown."""
        if folder not in self._folders:
            names = (os.fsencode(name) for name in (self.root / folder).names())
            shown = [name.decode("utf-8", "replace") for name in names]
            siblings: dict[str, str] = {}
            for name in shown:
                siblings.setdefault(name.lower(), name)
            self._folders[folder] = siblings
        return self._folders[folder]
