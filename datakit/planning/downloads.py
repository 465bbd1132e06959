"""What has to be fetched for a mixture: from where, where to, and what is there already."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from datakit.config import Loaded
from datakit.io.trees import open_source
from datakit.io.trees.source_path import URL
from datakit.mixture import Mixture, Source
from datakit.mixture.variables import substitute
from datakit.planning.groups import left_out
from datakit.planning.problems import Problems
from datakit.sources import Dataset, Download, dataset_names, load_dataset_entry

FILES = frozenset({".csv", ".json", ".jsonl", ".p", ".parquet", ".tsv", ".zip", ".tar"})
WILDCARDS = frozenset("*?[")


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedDownload:
    """One thing that sources of a mixture need.

    Attributes:
        sources: their names.
        url: the file, or the page that leads to it.
        path: what is there once it was fetched.
        size_bytes: of the download; None where it is not known.
        note: what else is to be done; may be empty.
        present: whether something is there.
    """

    sources: tuple[str, ...]
    url: str
    path: Path
    size_bytes: int | None
    note: str
    present: bool


def wanted_downloads(loaded: Loaded[Mixture], root: Path | None = None) -> list[WantedDownload]:
    """What the sources of a mixture need, in their order; what several need is one thing.

    Sources that are read from a URL, that are one's own, or whose dataset is not known, need
    nothing.

    Args:
        root: replaces the mixture's `root`.

    Raises:
        UsageError: a variable in `root`, a path or the option `images` is not set.
    """
    base = root or Path(substitute(loaded.value.root)).expanduser()
    unused = left_out(Problems(loaded))
    found: dict[tuple[str, Path], WantedDownload] = {}
    for spec in loaded.value.sources:
        if spec.name in unused or spec.dataset not in dataset_names():
            continue
        for item, path in _places(spec, base):
            known = found.get((item.url, path))
            found[item.url, path] = WantedDownload(
                sources=(*(known.sources if known else ()), spec.name),
                url=item.url,
                path=path,
                size_bytes=item.size_bytes,
                note=item.note,
                present=_is_there(path),
            )
    return list(found.values())


def _places(spec: Source, root: Path) -> Iterator[tuple[Download, Path]]:
    """What one source needs, and where each of it belongs."""
    written = substitute(spec.path)
    if URL.match(written):
        return
    entry = load_dataset_entry(spec.dataset)
    if entry.templates == "task" and not entry.download:
        return  # a form that one's own data have: there is nothing to fetch
    named = root / written
    folder = _folder(named)
    images = folder / substitute(str(spec.options.get("images", "")))
    others = {item.to for item in entry.download if item.one_of}
    others = others - {named.name} if named.name in others else set()
    for item in entry.download or _by_hand(entry, named.name):
        if item.to not in others and (not item.splits or spec.split in item.splits):
            place = (images if item.images else folder) / item.to
            yield item, Path(os.path.normpath(place))


def _by_hand(entry: Dataset, name: str) -> list[Download]:
    """Where no list is known: the homepage, and what the entry says of it."""
    to = name if Path(name).suffix in FILES else ""
    return [Download(url=entry.homepage, to=to, note=entry.get)]


def _is_there(path: Path) -> bool:
    """Whether something is there, packed or not."""
    folder = _folder(path)
    if WILDCARDS & set(str(path)):
        return any(folder.glob(str(path.relative_to(folder))))
    return path.exists() or open_source(path).exists()


def _folder(path: Path) -> Path:
    """The folder of a source: its path, that of its file, or the part before a wildcard."""
    parts = list(path.parts)
    wild = next((i for i, part in enumerate(parts) if WILDCARDS & set(part)), None)
    if wild is not None:
        return Path(*parts[:wild])
    is_file = path.is_file() or (not path.is_dir() and path.suffix in FILES)
    return path.parent if is_file else path
