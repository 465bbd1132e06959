"""The mixture file: what a person writes to say which data are built, and how."""

from datakit.mixture.load import find_mixture, load_mixture
from datakit.mixture.schema import (
    Balance,
    ByteSize,
    Dedup,
    Holdout,
    Images,
    Instructize,
    Mixture,
    Output,
    ResponseFormat,
    Source,
)

__all__ = [
    "Balance",
    "ByteSize",
    "Dedup",
    "Holdout",
    "Images",
    "Instructize",
    "Mixture",
    "Output",
    "ResponseFormat",
    "Source",
    "find_mixture",
    "load_mixture",
]
