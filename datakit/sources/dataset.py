"""What a dataset is: a YAML file each under `datasets/`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from datakit.config import load_config
from datakit.mixture import ByteSize
from datakit.registry import data_file, data_names

FOLDER = Path(__file__).parent / "datasets"


class Download(BaseModel):
    """One thing to fetch for a dataset, and what is there once it was fetched."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(description="the file; the page that leads to it where there is no other way")
    to: str = Field(
        description="what is there afterwards, from the source's folder, or for images from the "
        "folder that its option `images` names"
    )
    size_bytes: ByteSize | None = Field(
        None, alias="size", description="of the download, as its page states it; null: not known"
    )
    images: bool = False
    splits: tuple[str, ...] = Field((), description="that need it; none: all do")
    one_of: bool = Field(False, description="one of several files, of which a path names its own")
    note: str = Field("", description="what else is to be done, in a few words")


class Dataset(BaseModel):
    """One dataset: how it is read and asked, where it comes from, under which terms."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    converter: str = Field(description="the converter that reads its release")
    task: str = Field(description="names the coarse template set")
    templates: Literal["own", "task"] = Field(
        "own", description="whether it has a set of its own, or is a form that takes its task's"
    )
    category: str = Field(description="what it is balanced with")
    response_format: str | list[str] | None = Field(
        description="names in response_formats.yaml, the first that suits a set's answers; or null"
    )
    license: str = Field(description="SPDX where there is one; of annotations, then images")
    homepage: str
    citation: str
    get: str = Field(description="how to get it, and where it goes under the root")
    download: tuple[Download, ...] = Field((), description="the same as a list, file by file")


def dataset_names() -> list[str]:
    """Names of all datasets that datakit knows."""
    return data_names(FOLDER)


def load_dataset_entry(name: str) -> Dataset:
    """Loads `datasets/<name>.yaml`.

    Raises:
        UsageError: no such dataset; the nearest names are given.
    """
    return load_config(data_file(FOLDER, name, what="dataset"), Dataset, what="dataset").value
