"""A mixture to start from, made by looking at the data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from datakit.errors import DatakitError, FormatError, UsageError
from datakit.instructize.response_format import SHORT_ANSWER_WORDS
from datakit.io.csv_rows import BadCsvRow, CsvRecords
from datakit.io.image_files import EXTENSIONS
from datakit.io.json_stream import JsonRecords
from datakit.io.tables import CELL, TableRecords, is_table
from datakit.io.trees import is_archive, open_source
from datakit.record import Record
from datakit.sources import dataset_names, find_converter, load_dataset_entry
from datakit.sources.column_shapes import task_of

LOOKED_AT_ROWS = 50
LIST_KEYS = ("data", "rows", "annotations", "questions", "items", "examples", "samples")
SHORT_SHARE = 0.8
LEVELS = 3
MOST_FOLDERS = 200
MOST_ARCHIVES = 40

# What people call the columns; the first that is there is taken.
COLUMN_NAMES = {
    "image": ("image", "image_path", "imagepath", "img", "imgname", "img_path", "image_file",
              "file_name", "filename", "file", "path", "images", "image_name"),
    "question": ("question", "query", "prompt", "problem", "q", "instruction", "user"),
    "answer": ("answer", "answers", "label", "response", "target", "output", "a", "solution",
               "gold", "assistant"),
    "choices": ("choices", "options", "candidates"),
    "caption": ("caption", "text", "description", "title", "alt", "alt_text"),
    "statement": ("statement", "caption", "sentence", "claim"),
    "label": ("label", "holds", "truth"),
    "phrase": ("phrase", "expression", "sentence", "referring_expression", "ref"),
    "bbox": ("bbox", "box", "bounding_box"),
    "instruction": ("instruction",),
    "output": ("output", "response"),
    "input": ("input",),
}  # fmt: skip
SHAPES = (
    ("phrase", "bbox"), ("question", "answer", "choices"), ("instruction", "output", "input"),
    ("instruction", "output"), ("question", "answer"), ("caption",),
)  # fmt: skip
TEXT_PARTS = {"question": "instruction", "answer": "output"}
BY_KEY = {"conversations": "llava-json", "conversation": "mantis-instruct"}
LAST = ("llava", "openai-messages", "image-text-pairs")


@dataclass(frozen=True, slots=True)
class Starter:
    """A mixture's text, and what was seen of the data, in sentences."""

    name: str
    text: str
    notes: list[str]


@dataclass(frozen=True, slots=True)
class _Guess:
    """One source of it."""

    source: dict[str, Any]
    note: str


def start_mixture(path: Path) -> Starter:
    """Looks at a table, or at a folder of raw datasets, and writes a mixture of what is there.

    Raises:
        UsageError: nothing is there, or nothing that any converter reads.
    """
    if not path.exists():
        raise UsageError(f"nothing at {path}.")
    if path.is_file() and not is_archive(path.name):
        return _starter(path.parent, path.stem, [_of_file(path, path.name)])
    own, found = _of_folder(path, path.name), _inside(path, path, LEVELS)
    # A folder of releases may read as one of them; the parts of a release read as that release.
    if own and len({guess.source["dataset"] for guess in found}) < 2:
        return _starter(path.parent, path.name, [own])
    if not found:
        found = [_of_file(file, file.name) for file in _entries(path) if _is_rows(file)]
    if not found:
        names = ", ".join(entry.name for entry in _entries(path)[:8]) or "nothing"
        raise UsageError(
            f"{path}: no release of a known dataset in it, nor in its folders, and no table; found "
            f"{names}. `datakit list datasets` shows what is known."
        )
    return _starter(path, path.name, found)


def _starter(root: Path, name: str, guesses: Sequence[_Guess]) -> Starter:
    clean = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-_")[:60] or "mixture"
    names: set[str] = set()
    for guess in guesses:
        own = guess.source.get("name") or guess.source["dataset"]
        if own in names:
            guess.source["name"] = f"{own}-{len(names)}"
        names.add(own)
    sources = [_on_one_line(guess.source, levels=1) for guess in guesses]
    stream = StringIO()
    yaml = YAML()
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump({"name": clean, "root": str(root), "sources": sources}, stream)
    return Starter(clean, stream.getvalue(), [guess.note for guess in guesses])


def _on_one_line(value: Any, levels: int = 0) -> Any:
    """A map whose own maps, so many levels down, are written on one line each."""
    if not isinstance(value, dict):
        return value
    line = CommentedMap({key: _on_one_line(inner, levels - 1) for key, inner in value.items()})
    if levels <= 0:
        line.fa.set_flow_style()
    return line


def _entries(folder: Path) -> list[Path]:
    """What a folder holds; nothing of an archive, which is read by converters alone."""
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    return [entry for entry in entries if not entry.name.startswith(".")]


def _archives(folder: Path) -> list[Path]:
    """A folder's archives that are not unpacked beside it; none where they are shards."""
    archives = [path for path in _entries(folder) if path.is_file() and is_archive(path.name)]
    packed = [path for path in archives if not path.with_suffix("").is_dir()]
    return packed if len(packed) <= MOST_ARCHIVES else []


def _inside(folder: Path, root: Path, levels: int) -> list[_Guess]:
    """The releases in a folder's folders and archives, some levels deep; none inside another."""
    found: list[_Guess] = []
    folders = [path for path in _entries(folder) if path.is_dir()][:MOST_FOLDERS]
    for entry in sorted([*folders, *_archives(folder)]):
        guess = _of_folder(entry, entry.relative_to(root).as_posix())
        inner = _inside(entry, root, levels - 1) if guess is None and levels > 1 else []
        found += [guess] if guess else inner
    return found


def _of_folder(folder: Path, path: str) -> _Guess | None:
    """The dataset whose release a folder is; None where it is none that is known."""
    by_converter: dict[str, list[str]] = {}
    for name in dataset_names():
        entry = load_dataset_entry(name)
        if entry.converter != "columns":
            by_converter.setdefault(entry.converter, []).append(name)
    alike = {name: at for at, name in enumerate(_alike(folder, list(dataset_names())))}

    def place(converter: str) -> tuple[bool, int, str]:
        """Many read each other's tables: those whose dataset has the folder's name go first."""
        nearest = min(alike.get(name, len(alike)) for name in by_converter[converter])
        return converter in LAST, nearest, converter

    for converter in sorted(by_converter, key=place):
        for split in find_converter(converter).splits or ("train",):
            if (options := _reading_options(converter, folder, split)) is not None:
                dataset = _most_alike(folder, converter, by_converter[converter])
                source: dict[str, Any] = {"dataset": dataset, "path": path}
                source |= {"split": split} if split != "train" else {}
                source |= {"options": options} if options else {}
                doubt = "" if dataset in alike else "; name another `dataset` if it is another"
                return _Guess(source, f"{path} reads as {dataset}, split {split}{doubt}")
    return None


def _reading_options(converter: str, folder: Path, split: str) -> dict[str, str] | None:
    """The options by which a split of a release has records; None where it has none.

    They say where the images are, where these are in a folder that the converter does not know.
    """
    kind = find_converter(converter)
    try:
        reader = kind(folder, split, kind.Options())
        items = list(islice(reader.read(), LOOKED_AT_ROWS))
    except (DatakitError, ValueError):
        return None
    records = [item for item in items if isinstance(item, Record)]
    names = [name for record in records for name in record.images]
    files = reader.image_files
    if names and "images" in kind.Options.model_fields and not any(map(files.size, names)):
        inner = (entry for entry in _entries(folder) if entry.is_dir())
        found = next((e.name for e in inner if (e / names[0]).is_file()), None)
        return {"images": found} if found else {}
    return {} if records else None


def _alike(folder: Path, names: list[str]) -> list[str]:
    """The names of datasets that are like a folder's, the nearest first."""
    name = folder.stem if is_archive(folder.name) else folder.name
    return get_close_matches(name.lower().replace("_", "-"), names, n=3, cutoff=0.5)


def _most_alike(folder: Path, converter: str, names: list[str]) -> str:
    close = _alike(folder, names)
    generic = [name for name in names if name in (converter, f"{converter}-json")]
    return (close or generic or names)[0]


def _is_rows(path: Path) -> bool:
    known = (".csv", ".tsv", ".json", ".jsonl", ".parquet", ".arrow")
    return path.is_file() and path.suffix.lower() in known


def _of_file(file: Path, path: str) -> _Guess:
    """The columns of a table, each for what its name says."""
    rows, key = _first_rows(file)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if form := next((BY_KEY[name] for name in columns if name in BY_KEY), None):
        return _Guess({"dataset": form, "path": path}, f"{path} holds conversations")
    if "messages" in columns:
        return _Guess({"dataset": "openai-messages", "path": path}, f"{path} holds messages")
    options = _options(rows, columns)
    if options is None:
        raise UsageError(
            f"{file}: its columns are {', '.join(columns[:12]) or 'none'}; none of them is called "
            "as questions and answers, captions, or phrases and boxes are. Write a mixture by "
            "hand: `datakit show converter columns` says how."
        )
    options |= {"rows": key} if key else {}
    options |= _image_options(file, rows, options)
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", file.stem).strip("-_")[:60] or "own"
    source: dict[str, Any] = {"dataset": "columns", "name": name, "path": path, "options": options}
    if _short_answers(rows, options):
        source["instructize"] = {"response_format": {"prompt": "word-or-phrase"}}
    parts = (f"{part} in {column!r}" for part, column in options.items() if column in columns)
    return _Guess(source, f"{path} has {', '.join(parts)}")


def _first_rows(file: Path) -> tuple[list[dict[str, Any]], str]:
    """The first rows, and the key of their list where they stand in an object."""
    suffix = file.suffix.lower()
    readers: Iterable[tuple[Any, str]]
    if suffix in (".csv", ".tsv", ".tab"):
        readers = [(CsvRecords(file), "")]
    elif is_table(file.name):
        readers = [(TableRecords(open_source(file), file.name), "")]
    else:
        readers = [(JsonRecords(file, (key,) if key else ()), key) for key in ("", *LIST_KEYS)]
    problem: Exception = FormatError(f"{file}: no rows.")
    for records, key in readers:
        try:
            found = [value for _, value in islice(iter(records), LOOKED_AT_ROWS)]
        except FormatError as error:
            problem = error
            continue
        rows = [row for row in found if isinstance(row, dict)]
        problem = next((FormatError(r.detail) for r in found if isinstance(r, BadCsvRow)), problem)
        is_wrapper = not key and len(rows) == 1 and bool(set(rows[0]) & set(LIST_KEYS))
        if rows and not is_wrapper:
            return rows, key
    raise UsageError(f"{file}: no table that can be read: {problem}")


def _options(rows: list[dict[str, Any]], columns: list[str]) -> dict[str, Any] | None:
    """The column of each part of a record; None where no kind of record can be made."""
    by_name = {name.lower().replace(" ", "_"): name for name in columns}

    def column(part: str) -> str | None:
        return next((by_name[name] for name in COLUMN_NAMES[part] if name in by_name), None)

    image = column("image") or _column_of_images(rows, columns)
    for shape in SHAPES:
        named = {part: column(part) for part in shape}
        if None not in named.values() and len(set(named.values())) == len(named):
            parts = {part: name for part, name in named.items() if name}
            task_of(set(parts))
            if image and image not in parts.values():
                return {**parts, "image": image}
            # The phrasings of questions speak of an image.
            is_text = not image and shape == ("question", "answer")
            return {TEXT_PARTS[part]: name for part, name in parts.items()} if is_text else parts
    return None


def _column_of_images(rows: list[dict[str, Any]], columns: list[str]) -> str | None:
    """A column whose values are names of images, or images themselves."""
    for name in columns:
        texts = [row[name] for row in rows if isinstance(row.get(name), str) and row[name]]
        if texts and all(t.lower().endswith(EXTENSIONS) or CELL in t for t in texts):
            return name
    return None


def _image_options(
    file: Path, rows: list[dict[str, Any]], options: dict[str, Any]
) -> dict[str, str]:
    """The folder that images are relative to, where it is not that of the table."""
    values = [row.get(options["image"]) for row in rows] if "image" in options else []
    names = [value for value in values if isinstance(value, str) and value and CELL not in value]
    if not names:
        return {}
    first, folder = names[0].replace("\\", "/"), file.parent
    absolute = f"{folder.absolute()}/"
    if first.startswith(absolute):
        return {"strip_prefix": absolute}
    if (folder / first).is_file():
        return {}
    inner = [entry.name for entry in sorted(folder.iterdir()) if entry.is_dir()]
    found = next((name for name in inner if (folder / name / first).is_file()), None)
    return {"images": found} if found else {}


def _short_answers(rows: list[dict[str, Any]], options: dict[str, Any]) -> bool:
    """Whether most answers are a word or phrase, and there are no options to choose from."""
    if "answer" not in options or "choices" in options:
        return False
    answers = [row.get(options["answer"]) for row in rows]
    texts = [str(a[0] if isinstance(a, list) and a else a) for a in answers if a not in (None, "")]
    short = [text for text in texts if len(text.split()) <= SHORT_ANSWER_WORDS]
    return bool(texts) and len(short) >= SHORT_SHARE * len(texts)
