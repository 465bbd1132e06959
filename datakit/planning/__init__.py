"""The plan: every sample to write, known before a byte is written."""

from datakit.planning.plan import Plan, SourceCounts, is_faultless, make_plan
from datakit.planning.resolve import ResolvedMixture, ResolvedSource, resolve

__all__ = [
    "Plan",
    "ResolvedMixture",
    "ResolvedSource",
    "SourceCounts",
    "is_faultless",
    "make_plan",
    "resolve",
]
