"""Reading what was built, and looking at what would be."""

from datakit.inspect.built_dataset import BuiltDataset, open_build
from datakit.inspect.diff import compare
from datakit.inspect.diff_sides import open_side
from datakit.inspect.difference import Difference
from datakit.inspect.loaded_sample import LoadedSample
from datakit.inspect.plan_fields import plan_fields
from datakit.inspect.preview import PreviewedSample, preview_samples
from datakit.inspect.verify import file_fault, verify_build
from datakit.inspect.why import RecordFate, SampleOrigin, why_record, why_sample

__all__ = [
    "BuiltDataset",
    "Difference",
    "LoadedSample",
    "PreviewedSample",
    "RecordFate",
    "SampleOrigin",
    "compare",
    "file_fault",
    "open_build",
    "open_side",
    "plan_fields",
    "preview_samples",
    "verify_build",
    "why_record",
    "why_sample",
]
