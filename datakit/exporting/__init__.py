"""Builds in the formats of other programs' trainers."""

from datakit.exporting.export import ExportResult, export_build

__all__ = ["ExportResult", "export_build"]
