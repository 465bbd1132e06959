"""Images with a text each: WebDataset tars and what img2dataset writes, as of COYO or CapFilt."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import orjson
from pydantic import Field

from datakit.errors import FormatError
from datakit.io.image_files import EXTENSIONS
from datakit.io.tar_parts import MAX_TEXT_BYTES, Part, tar_samples
from datakit.io.trees import SourcePath
from datakit.record import Caption, Record, Reject
from datakit.sources.converter import Converter, ConverterOptions
from datakit.sources.row import BadRow, Row, inner_path, plain_text

IMAGE_COLUMNS = ("image", "jpg", "jpeg", "png", "webp")
CAPTION_KEYS = ("caption", "text", "TEXT")
TEXT = "txt"
JSON = "json"


class PairsOptions(ConverterOptions):
    """Options of the converter `image-text-pairs`."""

    caption: str = Field(
        "", description="the text's key in the `.json` or its column, rather than the `.txt`"
    )


class ImageTextPairs(Converter):
    """WebDataset tars of `jpg` and `txt` (and `json`), the same as files, or Parquet of them.

    The path is a folder, also of numbered folders, or a glob such as `shards/*.tar`: what
    img2dataset writes in any of its forms, and the Hub's Parquet form with a column of images and
    one called `caption` or `text`. Members of `00000.tar` that make a raw row:

        000000007.jpg   000000007.txt: "a red bus"   000000007.json: {"url": "https://…", …}

    become

        Record(record_id="00000/000000007", place="00000.tar[7]", task="captioning",
               images=("00000.tar!1536/48211",), payload=Caption(caption="a red bus"))

    where the image is named by where it starts in the tar, and its length. Where there is no text
    file, `caption` of the JSON is the text. COYO's own Parquet files have addresses, no images:
    fetch these by img2dataset.
    """

    Options = PairsOptions
    options: PairsOptions

    def records(self) -> Iterator[Record | Reject]:
        pattern = "*" if self.path.is_dir() else str(self.path.relative_to(self.folder))
        found = sorted(self.folder.glob(pattern))
        tars = [path for path in found if path.name.endswith(".tar") and path.is_file()]
        for tar in tars:
            yield from self._of_tar(tar)
        folders = [path for path in (self.folder, *found) if path.is_dir()] if not tars else []
        count = len(tars)
        for folder in folders:
            if rows := list(self._of_folder(folder)):
                count += 1
                yield from rows
        if not count:
            raise FormatError(
                f"{self.path}: no tars, and no images with a .{TEXT} or .{JSON} beside them; found "
                f"{', '.join(path.name for path in found[:8]) or 'nothing'}."
            )

    def table_record(self, row: Row) -> Record:
        images = [key for key in IMAGE_COLUMNS if row.value.get(key) is not None]
        row.record_id = row.id("key") if row.value.get("key") is not None else row.place
        if not images:
            remote = row.value.get("url")
            raise BadRow("image-missing", f"no column {' or '.join(IMAGE_COLUMNS)}, url {remote!r}")
        return self._record(row, row.image(images[0]), row.value)

    def _of_tar(self, tar: SourcePath) -> Iterator[Record | Reject]:
        name, digest = self.relative_name(tar), hashlib.sha256()
        stem = name.removesuffix(".tar")

        def rows() -> Iterator[tuple[int, tuple[str, dict[str, Any]]]]:
            for number, (key, members) in enumerate(tar_samples(tar, name)):
                texts = {e: p.read(self.folder) for e, p in members.items() if _is_text(e, p)}
                images = [p.name for e, p in members.items() if f".{e}" in EXTENSIONS]
                digest.update(orjson.dumps([key, images]) + b"".join(texts.values()))
                yield number, (f"{stem}/{key}", {"images": images, **texts})

        yield from self.convert_values(tar, rows(), self._sample)
        self.digests[name] = digest.hexdigest()

    def _of_folder(self, folder: SourcePath) -> Iterator[Record | Reject]:
        name, digest = self.relative_name(folder), hashlib.sha256()
        stems: dict[str, list[str]] = {}
        for file in folder.names():
            stems.setdefault(file.partition(".")[0], []).append(file)

        def rows() -> Iterator[tuple[int, tuple[str, dict[str, Any]]]]:
            prefix = "" if name == "." else f"{name}/"
            pairs = [(s, files) for s, files in stems.items() if _has_text(files)]
            for number, (stem, files) in enumerate(pairs):
                images = [f"{prefix}{f}" for f in files if f.lower().endswith(EXTENSIONS)]
                texts = {e: (folder / f).read_bytes() for f in files if (e := _text_suffix(f))}
                digest.update(orjson.dumps([stem, images]) + b"".join(texts.values()))
                yield number, (f"{prefix}{stem}", {"images": images, **texts})

        yield from self.convert_values(folder, rows(), self._sample)
        self.digests[f"{name}/"] = digest.hexdigest()

    def _sample(self, row: Row) -> Record:
        row.record_id, row.value = row.value
        images = row.value["images"]
        if len(images) != 1:
            raise BadRow("image-missing", f"{len(images)} images with this key, expected one")
        fields: dict[str, Any] = {}
        if JSON in row.value:
            try:
                loaded = orjson.loads(row.value[JSON])
            except orjson.JSONDecodeError as error:
                raise BadRow("bad-json", f"its .json is not JSON: {error}") from None
            fields = loaded if isinstance(loaded, dict) else {}
        if TEXT in row.value and not self.options.caption:
            fields = {"caption": row.value[TEXT].decode("utf-8", "replace")}
        return self._record(row, inner_path(images[0]), fields)

    def _record(self, row: Row, image: str, fields: dict[str, Any]) -> Record:
        keys = (self.options.caption,) if self.options.caption else CAPTION_KEYS
        key = next((key for key in keys if fields.get(key) is not None), None)
        if key is None:
            raise BadRow("caption-missing", f"no {' or '.join(keys)}, and no .{TEXT}")
        if not (caption := plain_text(fields[key], "the caption")):
            raise BadRow("text-empty", "the caption is empty")
        return Record(
            record_id=row.record_id,
            place=row.place,
            task="captioning",
            images=(image,),
            payload=Caption(caption=caption),
        )


def _is_text(extension: str, part: Part) -> bool:
    return extension in (TEXT, JSON) and part.size <= MAX_TEXT_BYTES


def _text_suffix(file: str) -> str:
    suffix = file.rpartition(".")[2].lower()
    return suffix if suffix in (TEXT, JSON) else ""


def _has_text(files: list[str]) -> bool:
    """Whether files of one key are a pair, or half of one."""
    return any(map(_text_suffix, files)) and any(f.lower().endswith(EXTENSIONS) for f in files)
