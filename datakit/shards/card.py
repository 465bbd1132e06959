"""`README.md`: the data card, with what the Hub needs to open the shards in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

from ruamel.yaml import YAML

from datakit.planning import Plan
from datakit.shards.manifest import ShardEntry, SourceEntry

Feature = dict[str, Any]

HUB_SPLITS = {"val": "validation"}  # what the Hub and `datasets` call it

MESSAGE = [{"name": "role", "dtype": "string"}, {"name": "content", "dtype": "string"}]
BOX = [
    {"name": "image", "dtype": "int64"},
    {"name": "turn", "dtype": "int64"},
    {"name": "label", "dtype": "string"},
    {"name": "bbox_px", "list": "float64"},
]
TURN = [
    {"name": "source", "dtype": "string"},
    {"name": "record_id", "dtype": "string"},
    {"name": "template", "dtype": "string"},
    {"name": "inverted", "dtype": "bool"},
    {"name": "duplicates", "list": "string"},
]
PROVENANCE = [
    {"name": "license", "dtype": "string"},
    {"name": "repeat", "dtype": "int64"},
    {"name": "turns", "list": TURN},
]
SAMPLE_JSON = [
    {"name": "format_version", "dtype": "int64"},
    *({"name": name, "dtype": "string"} for name in ("id", "source", "dataset", "task")),
    {"name": "messages", "list": MESSAGE},
    {"name": "images", "list": "string"},
    {"name": "image_sha256", "list": "string"},
    {"name": "objects", "list": BOX},
    {"name": "provenance", "struct": PROVENANCE},
]


def card_text(
    plan: Plan,
    shards: Sequence[ShardEntry],
    sources: Sequence[SourceEntry],
    members: Sequence[str],
) -> str:
    """The card: YAML that declares every column that occurs, then tables for a reader.

    Args:
        members: the names of all image columns that occur, such as `jpg` and `0.png`.
    """
    files = {split: f"shards/{split}-*.tar" for split in sorted({shard.split for shard in shards})}
    return f"{front_matter(files, _features(members))}\n{_body(plan, sources)}"


def front_matter(files: Mapping[str, str], features: Sequence[Feature]) -> str:
    """What `datasets` and the Hub read of a card: the files of each split, and every column."""
    data_files = [
        {"split": HUB_SPLITS.get(split, split), "path": path} for split, path in files.items()
    ]
    fields = {
        "configs": [{"config_name": "default", "data_files": data_files}],
        "dataset_info": {"features": list(features)},
    }
    text = StringIO()
    YAML().dump(fields, text)
    return f"---\n{text.getvalue()}---\n"


def _features(members: Sequence[str]) -> list[Feature]:
    images = [{"name": name, "dtype": "image"} for name in members]
    return [
        {"name": "__key__", "dtype": "string"},
        {"name": "__url__", "dtype": "string"},
        {"name": "json", "struct": SAMPLE_JSON},
        *images,
    ]


def _body(plan: Plan, sources: Sequence[SourceEntry]) -> str:
    spec = plan.mixture.spec
    rows = [
        f"| {s.name} | {s.dataset} | {s.samples:,} | {s.val_samples:,} | {s.turns:,} | "
        f"{s.records:,} | "
        f"{s.used_records:,} | {s.not_drawn_records:,} | {sum(s.rejected_records.values()):,} | "
        f"{s.license} |"
        for s in sources
    ]
    origins = [
        f"- **{source.name}**: {source.dataset.title}. {source.dataset.citation}. "
        f"{source.dataset.homepage}"
        for source in plan.mixture.sources
    ]
    return "\n".join(
        [
            f"# {spec.name}",
            "",
            f"{sum(s.samples for s in sources):,} samples{_held_out(sources)}, built by datakit "
            "from the mixture in `mixture.lock.yaml`.",
            "",
            "| source | dataset | samples | validation samples | turns | records | used records | "
            "records not drawn | rejected records | license |",
            "|---|---|--:|--:|--:|--:|--:|--:|--:|---|",
            *rows,
            "",
            "Every dropped record is in `rejects.parquet` with its reason; every one that a cap "
            "left out in `not_drawn.parquet`.",
            "",
            "## Origins",
            "",
            *origins,
            "",
        ]
    )


def _held_out(sources: Sequence[SourceEntry]) -> str:
    held_out = sum(source.val_samples for source in sources)
    return f" and {held_out:,} held out for validation" if held_out else ""
