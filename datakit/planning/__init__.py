"""The plan: every sample to write, known before a byte is written."""

from datakit.planning.plan import Plan, SourceCounts, make_plan
from datakit.planning.resolve import ResolvedMixture, ResolvedSource, resolve
from datakit.planning.select import is_faultless
from datakit.planning.source_plan import check_first_records

__all__ = [
    "Plan",
    "ResolvedMixture",
    "ResolvedSource",
    "SourceCounts",
    "check_first_records",
    "is_faultless",
    "make_plan",
    "resolve",
]
