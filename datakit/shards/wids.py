"""`train.wids.json`: the index that webdataset's `wids` reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from datakit.io.atomic import write_whole
from datakit.shards.manifest import ShardEntry


def write_wids(out: Path, name: str, split: str, shards: Sequence[ShardEntry]) -> Path:
    """Writes `<split>.wids.json`, its URLs relative to itself, and returns its path."""
    shardlist = [
        {"url": shard.path, "nsamples": shard.samples, "filesize": shard.bytes}
        for shard in shards
        if shard.split == split
    ]
    fields = {
        "__kind__": "wids-shard-index-v1",
        "wids_version": 1,
        "name": name,
        "shardlist": shardlist,
    }
    path = out / f"{split}.wids.json"
    write_whole(path, json.dumps(fields, indent=2).encode() + b"\n")
    return path
