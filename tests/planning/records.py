"""Tables of records as the steps of a plan get them, and the records behind them."""

from __future__ import annotations

from pathlib import Path

import orjson
import polars as pl

from datakit.mixture import Dedup
from datakit.planning.dedup import turn_digests
from datakit.planning.record_names import RecordNames
from datakit.record import Question, Record
from datakit.sources.spool import Spool, SpoolWriter

Pairs = list[tuple[str, str, str]]


def record_frame(pairs: Pairs, dedup: Dedup, source: int = 0) -> pl.DataFrame:
    """Records of (image, question, answer); an empty image means text only."""
    payloads = [
        orjson.dumps({"question": question, "answer": answer}) for _, question, answer in pairs
    ]
    images = [image for image, _, _ in pairs]
    frame = pl.DataFrame(
        {
            "source": [source] * len(pairs),
            "row": list(range(len(pairs))),
            "first_row": [images.index(image) for image in images],
            "about": [sorted({*images, "a", "b"}).index(image) for image in images],
            "num_images": [bool(image) for image in images],
            "image_bytes": [1] * len(pairs),
            "payload_bytes": [1] * len(pairs),
            "merges": [True] * len(pairs),
            "held_out": [False] * len(pairs),
            "duplicates": [None] * len(pairs),
        },
        schema_overrides={
            "duplicates": pl.List(pl.String),
            "source": pl.UInt16,
            "row": pl.UInt32,
            "first_row": pl.UInt32,
            "num_images": pl.UInt16,
        },
    )
    return frame.hstack(turn_digests(payloads, "vqa-open", dedup))


def write_spool(folder: Path, pairs: Pairs, ids: list[str] | None = None) -> Spool:
    """The same records on disk; the ids are their rows where none are given."""
    writer = SpoolWriter(folder / "spool.arrow")
    for index, (image, question, answer) in enumerate(pairs):
        writer.append(
            Record(
                record_id=ids[index] if ids else str(index),
                place=f"f[{index}]",
                task="vqa-open",
                images=(image,) if image else (),
                payload=Question(question=question, answer=answer),
            )
        )
    writer.close()
    return Spool(folder / "spool.arrow")


def record_names(folder: Path, pairs: Pairs, ids: list[str] | None = None) -> RecordNames:
    """Looks up the same records as those of the first source."""
    return RecordNames({0: write_spool(folder, pairs, ids)})
