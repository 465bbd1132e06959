"""Whether too many records of a source are faulty."""

from __future__ import annotations

from datakit.errors import RejectShareError
from datakit.planning import is_faultless
from datakit.shards.manifest import SourceEntry


def check_reject_share(sources: list[SourceEntry], allowed: float) -> None:
    """Compares each source's share of faulty records with the one that is allowed.

    Raises:
        RejectShareError: it is above, for one source or several, with their reasons.
    """
    lines = []
    for source in sources:
        faulty = {why: n for why, n in source.rejected_records.items() if not is_faultless(why)}
        if sum(faulty.values()) > allowed * source.records:
            share = sum(faulty.values()) / source.records
            reasons = ", ".join(f"{n:,} {why}" for why, n in faulty.items())
            lines.append(f"  {source.name}: {share:.1%} of {source.records:,} records: {reasons}")
    if lines:
        raise RejectShareError(
            f"the build is whole, but more than {allowed:.1%} of a source's records are faulty:\n"
            + "\n".join(lines)
            + "\nEach is in rejects.parquet. Mend the data, or raise max_reject_share."
        )
