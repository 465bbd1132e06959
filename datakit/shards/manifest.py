"""`manifest.json`: what a finished build holds. It is written last."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from datakit.errors import DamageError, UsageError
from datakit.io.atomic import write_whole
from datakit.io.trees import BuildPlace
from datakit.record import FORMAT_VERSION

MANIFEST = "manifest.json"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class FileEntry(_Part):
    """One file of the build."""

    path: str
    bytes: int
    sha256: str


class ShardEntry(FileEntry):
    """One tar file of samples; `plan_sha256` is of all that decides its bytes."""

    split: str
    plan_sha256: str
    samples: int


class SourceEntry(_Part):
    """What became of one source; in distinct records, records = used + not drawn + rejected.

    Attributes:
        used_records: of all samples, those held out included.
        candidate_samples: that training samples could be drawn from.
        samples: those written to be trained on, repeats among them.
        unique_samples: of those, the ones that are no repeat.
        val_samples: those held out for validation, which stand in shards of their own.
        share: of the samples that are trained on; what a reader that mixes the sources draws by.
        turns: of all samples, those held out included, as are the counts of turns below.
        misfit_turns: turns whose answer is not of the form that their format prompt asks for.
        short_turns: turns with an answer of at most 5 words, inverted ones and boxes aside.
        unprompted_short_turns: of those, the ones that no prompt asks to be short: what teaches a
            model to be an "answer machine" (Cambrian-1, section 4.3).
        mended: what was changed in raw text, counted by kind.
        changed_images: images of samples that were encoded anew, by what that changed; an image
            that several samples show is counted with each.
    """

    name: str
    dataset: str
    license: str
    records: int
    used_records: int
    not_drawn_records: int
    rejected_records: dict[str, int]
    candidate_samples: int
    samples: int
    unique_samples: int
    val_samples: int
    share: float
    turns: int
    misfit_turns: int
    short_turns: int
    unprompted_short_turns: int
    mended: dict[str, int]
    changed_images: dict[str, int] = {}


class Manifest(_Part):
    """The whole manifest; readers refuse a newer `format_version` and ignore unknown keys."""

    format_version: int
    datakit_version: str
    name: str
    fingerprint: str
    seed: int
    layout: Literal["mixed", "per-source"]
    shards: list[ShardEntry]
    files: list[FileEntry]
    sources: list[SourceEntry]

    @property
    def all_files(self) -> list[FileEntry]:
        """Every file with a digest: shards first."""
        return [*self.shards, *self.files]

    @property
    def samples(self) -> int:
        """Samples of all shards, those held out included."""
        return sum(shard.samples for shard in self.shards)

    @property
    def splits(self) -> dict[str, int]:
        """Samples of each split that there is, in the order of the shards."""
        counts: dict[str, int] = {}
        for shard in self.shards:
            counts[shard.split] = counts.get(shard.split, 0) + shard.samples
        return counts


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Writes the manifest, whole or not at all."""
    text = orjson.dumps(manifest.model_dump(), option=orjson.OPT_INDENT_2)
    write_whole(folder / MANIFEST, text + b"\n")


def read_manifest(folder: BuildPlace) -> Manifest:
    """Reads a build's manifest.

    Raises:
        UsageError: the folder does not exist or holds no finished build.
        DamageError: the manifest is broken, or of a newer format.
    """
    path = folder / MANIFEST
    try:
        return parse_manifest(path.read_bytes(), str(path))
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(_no_build(folder)) from None
    except OSError as error:
        raise DamageError(f"{path}: cannot be read: {error}.") from error


def parse_manifest(data: bytes, where: str) -> Manifest:
    """A manifest from its bytes; `where` names it in errors.

    Raises:
        DamageError: it is broken, or of a newer format.
    """
    try:
        fields = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise DamageError(f"{where}: not a manifest: {error}. Build again with --force.") from error
    version = fields.get("format_version") if isinstance(fields, dict) else None
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise DamageError(
            f"{where}: format version {version}, but this datakit reads up to {FORMAT_VERSION}. "
            "Upgrade datakit."
        )
    try:
        return Manifest.model_validate(fields)
    except ValidationError as error:
        raise DamageError(f"{where}: not a manifest: {error.errors()[0]['msg']}") from error


def _no_build(folder: BuildPlace) -> str:
    if not folder.exists():
        return f"no folder {folder}. Build one with: datakit build MIXTURE --out {folder}"
    if (folder / ".build").is_dir():
        return f"{folder} holds an unfinished build. Run the same `datakit build` again to go on."
    return f"{folder} holds no build: it has no {MANIFEST}."
