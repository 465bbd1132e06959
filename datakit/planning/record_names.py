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
        frame = frame.select("source", "row").with_row_index("position")
        parts = [
            own.select("position").hstack(self._spools[source].texts(own["row"], columns))
            for (source,), own in frame.partition_by("source", as_dict=True).items()
        ]
        if not parts:
            return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
        return pl.concat(parts).sort("position").drop("position")
