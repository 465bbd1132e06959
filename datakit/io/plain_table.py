"""Arrow tables of plain values, and what polars makes of them.

By polars: `pyarrow.array` imports pandas where it is installed, which takes half a second in every
process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, chain
from typing import Any

import polars as pl
import pyarrow as pa

OLDEST = pl.CompatLevel.oldest()
DTYPES = {
    pa.string(): pl.String,
    pa.int32(): pl.Int32,
    pa.int64(): pl.Int64,
    pa.bool_(): pl.Boolean,
}


def plain_array(values: Sequence[Any], dtype: type[pl.DataType]) -> pa.Array:
    """Values as an array; texts with offsets of 64 bits."""
    return pl.Series(values=values, dtype=dtype).to_arrow(compat_level=OLDEST)


def list_array(lists: Sequence[Sequence[Any]], dtype: type[pl.DataType]) -> pa.ListArray:
    """Lists as an array."""
    ends = plain_array([0, *accumulate(map(len, lists))], pl.Int32)
    return pa.ListArray.from_arrays(ends, plain_array([*chain.from_iterable(lists)], dtype))


def frame_of(table: pa.Table) -> pl.DataFrame:
    """The same in polars."""
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def table_of_columns(columns: Mapping[str, Sequence[Any]], schema: pa.Schema) -> pa.Table:
    """Columns of plain values, by name, as a table of a schema."""
    arrays = [_column(columns[field.name], field.type) for field in schema]
    return pa.table(arrays, names=schema.names).cast(schema)


def table_of_rows(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Rows that each have every column, as a table of a schema."""
    return table_of_columns({name: [row[name] for row in rows] for name in schema.names}, schema)


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_list(kind):
        return list_array(values, DTYPES[kind.value_type])
    return plain_array(values, DTYPES[kind])
