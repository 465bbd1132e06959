"""Raw datasets: what they are (`datasets/*.yaml`) and how they are read (`converters/*.py`)."""

from datakit.sources.converter import Converter, ConverterOptions, converter_names, find_converter
from datakit.sources.dataset import Dataset, Download, dataset_names, load_dataset_entry
from datakit.sources.read import SourceRecords, read_source
from datakit.sources.row import Row

__all__ = [
    "Converter",
    "ConverterOptions",
    "Dataset",
    "Download",
    "Row",
    "SourceRecords",
    "converter_names",
    "dataset_names",
    "find_converter",
    "load_dataset_entry",
    "read_source",
]
