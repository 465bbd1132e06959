"""A build of another state of the same mixture is renewed: its shards that need not change stay."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from datakit.errors import DamageError
from datakit.io.stores import Store
from datakit.planning import Plan
from datakit.shards.energon import SAMPLE_INDEX, read_members_index
from datakit.shards.free_space import check_free_space
from datakit.shards.index import INDEX, SHARD_REJECTS
from datakit.shards.manifest import MANIFEST, Manifest, parse_manifest
from datakit.shards.mixture_lock import LOCK, lock_text
from datakit.shards.resume import FinishedShards
from datakit.shards.task import ShardDone
from datakit.shards.write_shard import ShardResult


def renew(store: Store, plan: Plan) -> None:
    """Makes an earlier build of this mixture an unfinished one of the plan.

    Only with shards of one source each, where the mixture's name is the same. The finished shards
    are noted before the manifest goes, and those that the plan does not have are removed after it.

    Raises:
        DataError: there is too little room for the plan; the earlier build stays whole.
    """
    wanted = lock_text(plan)
    there, fields = _lock(store)
    output = fields.get("output")
    same = fields.get("name") == plan.mixture.spec.name and fields.get("fingerprint")
    if not same or there == wanted or plan.mixture.spec.output.layout == "mixed":
        return
    if not isinstance(output, dict) or output.get("layout") != "per-source":
        return
    check_free_space(store, plan)
    with suppress(DamageError, FileNotFoundError):
        _note_shards(store)
    planned = {f"{shard.path}{end}" for shard in plan.shards for end in ("", ".idx")}
    stale = [name for name in store.names() if name.startswith("shards/") and name not in planned]
    for name in [MANIFEST, "val.wids.json", *stale]:
        store.remove(name)
    store.write(LOCK, wanted.encode())


def _lock(store: Store) -> tuple[str, dict[str, Any]]:
    """The lock file that is there, and its fields; nothing where there is none."""
    try:
        text = store.read(LOCK).decode()
        found = YAML(typ="safe").load(text)
    except (OSError, UnicodeDecodeError, YAMLError):
        return "", {}
    return text, found if isinstance(found, dict) else {}


def _note_shards(store: Store) -> None:
    """Notes the shards of a finished build, as if it had been stopped before its end.

    Raises:
        FileNotFoundError: the build is not finished.
        DamageError: its tables are not those of its manifest.
    """
    manifest = parse_manifest(store.read(MANIFEST), f"{store}/{MANIFEST}")
    index, rejects = (_table(store, manifest, name) for name in (INDEX, SHARD_REJECTS))
    members = read_members_index(_read(store, manifest, SAMPLE_INDEX), len(manifest.shards))
    files = {file.path: file for file in manifest.files}
    digests = {shard.path: shard.plan_sha256 for shard in manifest.shards}
    finished = FinishedShards(store, digests)
    for number, shard in enumerate(manifest.shards):
        name, offsets = shard.path.rpartition("/")[2], files[f"{shard.path}.idx"]
        done = ShardDone(
            path=shard.path,
            samples=shard.samples,
            bytes=shard.bytes,
            sha256=shard.sha256,
            offsets_bytes=offsets.bytes,
            offsets_sha256=offsets.sha256,
            seconds=0.0,
        )
        result = ShardResult(
            done=done,
            rows=index.filter(pc.equal(index["shard"], name)),
            rejects=rejects.filter(pc.equal(rejects["shard"], name)).drop_columns(["shard"]),
            members=members[number],
        )
        finished.note_earlier(result)


def _table(store: Store, manifest: Manifest, name: str) -> pa.Table:
    return pq.read_table(pa.BufferReader(_read(store, manifest, name)))


def _read(store: Store, manifest: Manifest, name: str) -> bytes:
    """The bytes of a file, which must be those that the manifest names."""
    data = store.read(name)
    expected = {file.path: file.sha256 for file in manifest.files}.get(name)
    if hashlib.sha256(data).hexdigest() != expected:
        raise DamageError(f"{store}/{name} is not what its manifest says.")
    return data
