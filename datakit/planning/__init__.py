"""The plan: every sample to write, known before a byte is written."""

from datakit.planning.downloads import WantedDownload, wanted_downloads
from datakit.planning.plan import Plan, PlannedShard, SourceCounts, make_plan
from datakit.planning.resolve import ResolvedMixture, ResolvedSource, resolve
from datakit.planning.screen import check_first_records
from datakit.planning.select import is_faultless

__all__ = [
    "Plan",
    "PlannedShard",
    "ResolvedMixture",
    "ResolvedSource",
    "SourceCounts",
    "WantedDownload",
    "check_first_records",
    "is_faultless",
    "make_plan",
    "resolve",
    "wanted_downloads",
]
