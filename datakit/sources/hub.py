"""Releases as the Hugging Face Hub has them: a local copy of a dataset, and the tables in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from datakit.errors import FormatError, UsageError, nearest
from datakit.io.tables import is_table
from datakit.io.trees import SourcePath, open_source
from datakit.io.trees.tree import clean_name

URL = re.compile(
    r"hf://(?:datasets/)?(?P<repo>[^/@:]+/[^/@:]+)"
    r"(?:@(?P<revision>refs/(?:convert|pr)/[^/:]+|[^/:]+))?(?:/(?P<inside>[^:]+))?(?::(?P<config>.+))?"
)
FRONT_MATTER = re.compile(r"\ufeff?---\r?\n(.*?)\n---", re.DOTALL)
CARD = "README.md"
SCRATCH = "cache-"  # what `datasets` leaves beside a set that it saved
RELEASE_SUFFIXES = (".json", ".jsonl", ".csv", ".tsv")
HUB_FILES = ("dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json")
SPLIT_NAMES = {
    "train": ("train", "training"),
    "val": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "eval", "evaluation"),
}
COCO_YEAR = 2014  # OK-VQA's split of validation is called val2014
WORDS = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Release:
    """Where a dataset lies, and which of the Hub's configurations of it is meant."""

    path: SourcePath
    config: str


def open_release(where: str | Path) -> Release:
    """A path, a URL, or `hf://owner/name[@revision][/folder][:config]`, which is fetched once.

    `folder:config` names a configuration of a copy on disk.

    Raises:
        UsageError: the Hub does not have it, or cannot be reached and there is no copy.
    """
    text = str(where)
    if text.startswith("hf://"):
        return _hub_release(text)
    path = open_source(where)
    if not path.exists() and ":" in path.name and "://" not in text:
        folder, _, config = text.rpartition(":")
        if Path(folder).is_dir():
            return Release(open_source(folder), config)
    return Release(path, "")


def find_tables(path: SourcePath, split: str, config: str) -> list[SourcePath]:
    """The Parquet and Arrow files of one split; none where the path holds another kind of release.

    They are the path itself, what a glob matches, what the card's `configs` say, or else the files
    in the folder, in `data/` or in the configuration's folder, told apart by the split's name.

    Raises:
        UsageError: the card has no such split or configuration.
        FormatError: there are tables, but none of this split, or files outside of the dataset.
    """
    if path.is_file():
        return [path] if is_table(path.name) else []
    if not path.is_dir():
        folder = path.before_wildcards()
        found = folder.glob(path.relative_to(folder).as_posix())
        return [file for file in found if is_table(file.name)]
    card = path / CARD
    configs = card_configs(card.read_bytes().decode("utf-8", "replace")) if card.is_file() else {}
    by_card = _of_card(path, configs, split, config)
    return by_card if by_card is not None else _by_name(path, split, config)


def _of_card(
    path: SourcePath, configs: dict[str, dict[str, Any]], split: str, config: str
) -> list[SourcePath] | None:
    """The tables that the card names for a split; None where it names none at all."""
    tables = {name: found for name, c in configs.items() if (found := _tables(path, c))}
    if not tables:
        return None
    name = config or ("default" if "default" in tables else next(iter(tables)))
    if name not in tables or (not config and name != "default" and len(tables) > 1):
        raise UsageError(
            f"{path}: the card has the configurations {', '.join(list(tables)[:8])}; name one "
            f"behind a colon, as in `{path.name}:{next(iter(tables))}`. "
            f"{nearest(config, list(tables))}".rstrip()
        )
    files = next((tables[name][own] for own in _names_of(split) if own in tables[name]), None)
    if files is None:
        raise UsageError(
            f"{path}: no split {split!r}; found {', '.join(tables[name])}. "
            f"{nearest(split, list(tables[name]))}".rstrip()
        )
    return files


def _tables(path: SourcePath, config: dict[str, Any]) -> dict[str, list[SourcePath]]:
    """The tables of each split that one of the card's configurations names."""
    found: dict[str, list[SourcePath]] = {}
    for split, pattern in data_files(config):
        if clean_name(pattern) is None:
            raise FormatError(f"{path / CARD}: the files {pattern!r} lie outside of the dataset.")
        files = [file for file in path.glob(pattern) if is_table(file.name)]
        if files:
            found.setdefault(split, []).extend(files)
    return found


def data_files(config: dict[str, Any]) -> list[tuple[str, str]]:
    """Splits with the patterns of their files, as a card's configuration gives them."""
    listed = config.get("data_files") or []
    pairs: list[tuple[str, str]] = []
    for entry in listed if isinstance(listed, list) else [listed]:
        split, paths = (
            (str(entry.get("split", "train")), entry.get("path"))
            if isinstance(entry, dict)
            else ("train", entry)
        )
        pairs += [(split, str(p)) for p in (paths if isinstance(paths, list) else [paths]) if p]
    return pairs


def card_configs(card: str) -> dict[str, dict[str, Any]]:
    """The configurations by name that the front matter of a dataset's card lists."""
    found = FRONT_MATTER.match(card)
    try:
        front = YAML(typ="safe").load(found[1]) if found else None
    except (YAMLError, ValueError, RecursionError):
        return {}
    configs = front.get("configs") if isinstance(front, dict) else None
    listed = configs if isinstance(configs, list) else []
    return {str(c.get("config_name", "default")): c for c in listed if isinstance(c, dict)}


def _by_name(path: SourcePath, split: str, config: str) -> list[SourcePath]:
    """The tables in a folder whose names, or whose folders' names, have the split's in them."""
    known = {word for names in SPLIT_NAMES.values() for word in names}
    folders = [path / config] if config else [path, path / "data"]
    inner = [f for folder in folders for f in folder.iterdir() if f.name.lower() in known]
    files = [file for folder in (*folders, *inner) for file in folder.iterdir()]
    tables = sorted(f for f in files if is_table(f.name) and not f.name.startswith(SCRATCH))
    words = {str(f): set(WORDS.split(str(f.relative_to(path)).lower())) for f in tables}
    wanted = {name.lower() for name in _names_of(split)}
    named = [file for file in tables if words[str(file)] & wanted]
    if named or not tables:
        return named
    if any(f.suffix in RELEASE_SUFFIXES and f.name not in HUB_FILES for f in path.iterdir()):
        return []  # of the official release, beside which a table lies
    others = {word for name in SPLIT_NAMES for word in _names_of(name)}
    if split == "train" and not any(own & others for own in words.values()):
        return tables
    raise FormatError(
        f"{path}: no Parquet or Arrow file of the split {split!r}; found "
        f"{', '.join(file.name for file in tables[:8])}."
    )


def _names_of(split: str) -> tuple[str, ...]:
    """What the Hub may call a split, its own name first."""
    names = (split, *SPLIT_NAMES.get(split, ()), f"{split}{COCO_YEAR}")
    return tuple(dict.fromkeys(names))


def _hub_release(url: str) -> Release:
    found = URL.fullmatch(url)
    inside = clean_name(found["inside"] or "") if found else None
    if found is None or inside is None:
        raise UsageError(f"{url}: expected hf://owner/name[@revision][/folder][:config].")
    config = found["config"] or ""
    folder = _download(url, found["repo"], found["revision"], inside, config)
    return Release(open_source(folder / inside), config)


def _download(url: str, repo: str, revision: str | None, inside: str, config: str) -> Path:
    """The folder of a dataset of the Hub; only files that are not in its cache are fetched."""
    # The Hub's client takes a third of a second to load.
    from huggingface_hub import hf_hub_download, snapshot_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    try:
        patterns = [f"{config}/*"] if config else None
        try:
            card = hf_hub_download(repo, CARD, repo_type="dataset", revision=revision)
            patterns = _patterns_of(Path(card), config)
        except LocalEntryNotFoundError:
            patterns = None
        except EntryNotFoundError:
            pass
        if inside:
            patterns = [CARD, inside, f"{inside}/*"]
        folder = snapshot_download(
            repo, repo_type="dataset", revision=revision, allow_patterns=patterns
        )
    except (OSError, ValueError) as error:
        raise UsageError(f"{url}: {_reason(error)}") from error
    return Path(folder)


def _reason(error: Exception) -> str:
    """Why a dataset could not be fetched, and how to mend it."""
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return (
            "the dataset asks for consent: give it on its page, then log in with `hf auth login`."
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return "the dataset has no such revision. Check what stands behind the @."
    if isinstance(error, errors.RepositoryNotFoundError):
        return (
            "the Hub has no such dataset. Check the name; log in with `hf auth login` where it is "
            "private."
        )
    return (
        f"it could not be fetched, and there is no copy in the Hub's cache: {_first_line(error)}. "
        "Check the network and HF_HUB_OFFLINE, or name a local copy by its folder."
    )


def _patterns_of(card: Path, config: str) -> list[str] | None:
    """What to fetch for one configuration; None for everything."""
    configs = card_configs(card.read_text("utf-8", "replace"))
    if config not in configs:
        return [f"{config}/*", CARD] if config else None
    return [CARD, *(pattern for _, pattern in data_files(configs[config]))]


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")
