"""The mixture file's keys, their units and defaults. `datakit schema mixture` prints them."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from datakit.geometry import BoxFormat, BoxFrame, BoxScale
from datakit.io.image_style import Check, ImageMode, ImageStyle, Orientation

Diversity = Literal["single", "multi", "multi+inversion"]
PromptAt = Literal["none", "prefix", "suffix", "system"]
InstructionAt = Literal["first-turn", "every-turn"]
ChoiceAnswer = Literal["letter", "text", "both"]
Strategy = Literal["per-sample", "per-dataset", "per-task", "weighted"]

BYTE_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20}
SOURCE_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,59}$"  # no dot: a sample's files are split there
MIXTURE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$"


def parse_bytes(value: object) -> object:
    """Reads `512MB` as 512,000,000 bytes; other types pass to pydantic."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", value)
    if not match or (match[2] or "B") not in BYTE_UNITS:
        raise ValueError(
            f"found {value!r}, expected a size such as 512MB ({', '.join(BYTE_UNITS)})"
        )
    return int(float(match[1]) * BYTE_UNITS[match[2] or "B"])


ByteSize = Annotated[int, BeforeValidator(parse_bytes), Field(gt=0)]


class Section(BaseModel):
    """A part of the file: frozen, unknown keys refused, no type bent into another."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Dedup(Section):
    """Which turns of one image count as the same, so that one of them is kept."""

    by: Literal["pair", "target"] = Field(
        "pair", description="question and answer, or the answer alone (Honeybee's)"
    )
    match: Literal["none", "exact", "normalized", "semantic"] = Field(
        "normalized",
        description="normalized: without case, punctuation and articles; semantic: questions in "
        "other words, too",
    )
    embeddings: str | None = Field(
        None,
        description="for semantic: a parquet file with the columns record_id and embedding, "
        "relative to root; null: a lexical measure, without a model",
    )
    threshold: float | None = Field(
        None, gt=0, le=1, description="for semantic: similarity from which on two are the same"
    )


class ResponseFormat(Section):
    """The prompt that says what form the answer takes."""

    at: PromptAt = "suffix"
    prompt: str | None = Field(
        None, description="a format's name, or a sentence; null: the dataset's own"
    )


class Boxes(Section):
    """How a box is written into text."""

    format: BoxFormat = Field("xyxy", description="corners; corner and extent; centre and extent")
    scale: BoxScale = "unit"
    decimals: int | None = Field(None, ge=0, le=6, description="null: 3 for unit, else 0")
    frame: BoxFrame = Field("original", description="the image, or the square that it is padded to")


class Choices(Section):
    """How the options of multiple-choice questions are shown and answered."""

    shuffle: bool = Field(True, description="draw the order for each sample")
    labels: str | None = Field(None, description="first label: A. (A) 1. …; null: the set's own")
    answer: ChoiceAnswer | None = Field(None, description="null: the set's")


class Instructize(Section):
    """How records become conversations; each source may override any of it."""

    granularity: Literal["fine", "coarse"] = Field(
        "fine", description="template sets per dataset, or per task"
    )
    prompt: Literal["template", "dataset-name", "task-name"] = Field(
        "template", description="what stands for an instruction (Honeybee, table 5b)"
    )
    diversity: Diversity = Field(
        "multi", description="one phrasing, all of a set, or inverted ones too (table 5c)"
    )
    inversion_share: float | None = Field(
        None,
        ge=0,
        le=1,
        description="of samples that are inverted; a set's own share goes before the mixture's, "
        "a source's before both; null: 0.3 under multi+inversion",
    )
    instruction_at: InstructionAt = Field(
        "first-turn", description="where instruction and format prompt are stated"
    )
    multi_turn: bool = Field(True, description="merge the questions of one image into turns")
    max_turns: int = Field(10, ge=1, le=1000)
    dedup: Dedup = Dedup()
    response_format: ResponseFormat = ResponseFormat()
    system_prompt: str | None = Field(None, description="conversation data keep their own")
    boxes: Boxes = Boxes()
    choices: Choices = Choices()


class Images(Section):
    """How images are checked and written; by default they are copied byte for byte."""

    mode: ImageMode = Field(
        "copy", description="byte for byte where nothing else changes pixels; or all encoded anew"
    )
    check: Check = Field(
        "header", description="header: also finds truncated files; decode: all that is damaged"
    )
    max_side_px: int | None = Field(
        None, ge=1, le=16_383, description="an image with a longer side is shrunk; null: none is"
    )
    quality: int = Field(90, ge=1, le=100, description="of JPEG and lossy WebP encoded anew")
    orientation: Orientation = Field(
        "keep",
        description="EXIF's: keep: bytes and pixels stay, image_orientation in index.parquet says "
        "it; apply: pixels are turned; what is encoded anew always is",
    )
    max_per_sample: int = Field(16, ge=1)

    @property
    def style(self) -> ImageStyle:
        """What is done to each image."""
        return ImageStyle(**self.model_dump(exclude={"max_per_sample"}))


class Balance(Section):
    """How many samples each source gives."""

    strategy: Strategy = Field(
        "per-sample",
        description="what counts the same: each sample, each dataset, each task and then its "
        "datasets; or each source by its `weight`",
    )
    cap_samples: int | None = Field(
        None,
        ge=1,
        description="most samples of one source (Cambrian's t); a source may override it",
    )
    total_samples: int | None = Field(
        None,
        ge=1,
        description="of the whole mixture, repeats among them; what a source cannot give, the "
        "others do; null: the largest total at which each has exactly its share",
    )
    max_repeats: int = Field(
        1,
        ge=1,
        le=1000,
        description="times that a sample is written at most; a source may override it",
    )
    category_shares: dict[str, Annotated[float, Field(gt=0, le=1)]] = Field(
        {},
        description="share of the samples that a category of datasets has (Cambrian's data ratio); "
        "the others share the rest; `strategy` divides what each has",
    )

    @field_validator("category_shares")
    @classmethod
    def _at_most_all(cls, shares: dict[str, float]) -> dict[str, float]:
        if (whole := sum(Fraction(str(share)) for share in shares.values())) > 1:
            raise ValueError(f"the shares add up to {float(whole):g}, expected at most 1")
        return shares


class Holdout(Section):
    """What is kept for validation: no image is on both sides, whatever it is called."""

    share: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="of the images, and of the records without one; raising it only adds",
    )
    max_samples: int = Field(2000, ge=1, description="most samples of one source")
    match: Literal["content", "perceptual"] = Field(
        "content",
        description="what counts as one image: the same bytes; or also copies that were encoded "
        "anew or scaled, for which every image is decoded",
    )


class Output(Section):
    """Which samples share a shard, and where it ends: at planned source bytes, or at a number."""

    layout: Literal["mixed", "per-source"] = Field(
        "mixed",
        description="samples of all sources shuffled into each shard, or shards of one source "
        "each, which a reader mixes",
    )
    shard_bytes: ByteSize = 512_000_000
    shard_samples: int | None = Field(None, ge=1)


class Source(Section):
    """One source of the mixture: a dataset, where it lies and how much of it is used."""

    dataset: str = Field(description="what it is: templates, response format, license")
    name: str = Field("", pattern=SOURCE_NAME, description="unique; defaults to the dataset's name")
    converter: str | None = Field(None, description="how it is read; defaults to the dataset's own")
    path: str = Field(description="folder, file or glob, relative to root")
    split: str = "train"
    split_by: str | None = Field(
        None,
        min_length=1,
        description="a field of raw rows whose values each become a source, named NAME-VALUE",
    )
    cap_records: int | None = Field(None, ge=1, description="drawn before merging")
    cap_samples: int | None = Field(None, ge=1, description="most samples, after merging")
    weight: float = Field(
        1.0, gt=0, allow_inf_nan=False, description="its share, relative to others', if `weighted`"
    )
    max_repeats: int | None = Field(None, ge=1, le=1000, description="overrides the mixture's")
    options: dict[str, Any] = Field({}, description="the converter's own, validated by it")
    instructize: Instructize = Field(Instructize(), description="overrides, key by key")
    license: str | None = Field(None, description="overrides the dataset's")

    @model_validator(mode="before")
    @classmethod
    def _name_after_dataset(cls, values: Any) -> Any:
        if isinstance(values, dict) and "name" not in values and "dataset" in values:
            return {**values, "name": values["dataset"]}
        return values


class Mixture(Section):
    """A mixture file."""

    name: str = Field(pattern=MIXTURE_NAME)
    seed: int = Field(0, ge=0, lt=2**63)
    root: str = Field("${DATAKIT_ROOT:-data}", description="folder that paths are relative to")
    instructize: Instructize = Instructize()
    images: Images = Images()
    balance: Balance = Balance()
    holdout: Holdout = Holdout()
    output: Output = Output()
    max_reject_share: float = Field(
        0.05, ge=0, le=1, description="of faulty records of one source; above it, status 1"
    )
    leave_out: list[str] = Field(
        [], description="names of sources, datasets, tasks or categories that are not used"
    )
    merge_sources: list[list[str]] = Field(
        [], description="groups of sources whose turns about one image share a conversation"
    )
    sources: list[Source] = Field(min_length=1)

    def duplicate_names(self) -> list[str]:
        """Names that more than one source bears."""
        return [name for name, count in Counter(s.name for s in self.sources).items() if count > 1]

    def instructize_of(self, source: Source) -> Instructize:
        """The mixture's settings with the source's own laid over them."""
        merged = overlay(self.instructize, source.instructize)
        assert isinstance(merged, Instructize)
        return merged


def overlay(base: BaseModel, top: BaseModel) -> BaseModel:
    """Lays the keys that `top` sets over `base`, section by section."""
    update: dict[str, Any] = {}
    for key in top.model_fields_set:
        below, above = getattr(base, key), getattr(top, key)
        both = isinstance(below, BaseModel) and isinstance(above, BaseModel)
        update[key] = overlay(below, above) if both else above
    return base.model_copy(update=update)
