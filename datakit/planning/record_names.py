"""Ids and places of records, which tables of numbers leave out and look up where they are shown."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from datakit.sources.spool import Spool


class RecordNames:
    """Looks records up by `source`, its number in the mixture, and `row` of its spool."""

    def __init__(self, spools: Mapping[int, Spool]) -> None:
        self._spools = spools

    def named(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Adds `record_id` and `place` to each row."""
        return pl.concat([frame, self._texts(frame, ["record_id", "place"])], how="horizontal")

    def ids(self, frame: pl.DataFrame) -> pl.Series:
        """The `record_id` of each row."""
        return self._texts(frame, ["record_id"])["record_id"]

    def _texts(self, frame: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
        frame = frame.select("source", "row")
        sources = frame["source"].unique().to_list()
        if len(sources) == 1:
            return self._spools[sources[0]].texts(frame["row"], columns)
        parts = [pl.DataFrame(schema={"position": pl.UInt32} | dict.fromkeys(columns, pl.String))]
        for source in sources:
            own = frame.with_row_index("position").filter(pl.col("source") == source)
            found = self._spools[source].texts(own["row"], columns)
            parts.append(own.select("position").hstack(found))
        return pl.concat(parts).sort("position").drop("position")
