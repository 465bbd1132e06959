"""A digest for each shard of all that decides its bytes, so that what need not change is kept."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from datakit.io.image_rewrite import codec_versions
from datakit.planning import Plan, PlannedShard, ResolvedSource
from datakit.record import FORMAT_VERSION
from datakit.version import VERSION

COLUMNS = ["key", "repeat", "task", "split", "images", "image_bytes", "rows", "duplicates"]


def shard_digests(plan: Plan) -> dict[str, str]:
    """The digest of each shard by its path.

    A mixed shard depends on all sources: its digest is the fingerprint. One of a single source
    depends on its samples, and on the sources of their turns: their annotations, images by name and
    size, templates and settings.
    """
    if plan.mixture.spec.output.layout == "mixed":
        return {shard.path: plan.fingerprint for shard in plan.shards}
    facts = {source.name: _facts(plan, source) for source in plan.mixture.sources}
    return {shard.path: _digest(plan, shard, facts) for shard in plan.shards}


def _digest(plan: Plan, shard: PlannedShard, facts: dict[str, Any]) -> str:
    samples = plan.samples.slice(shard.start, shard.samples)
    names = list(facts)
    owners = [
        None if numbers is None else [names[number] for number in numbers]
        for numbers in samples["row_sources"].to_list()
    ]
    used = {*samples["source"].unique(), *(name for own in owners for name in own or ())}
    parts = {
        "format_version": FORMAT_VERSION,
        "datakit": VERSION,
        "seed": plan.mixture.spec.seed,
        "images": plan.mixture.spec.images.model_dump(mode="json"),
        "image_codecs": codec_versions() if plan.mixture.spec.images.style.rewrites else None,
        "sources": {name: facts[name] for name in sorted(used)},
        "samples": samples.select(COLUMNS).rows(),
        "owners": owners,
    }
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _facts(plan: Plan, source: ResolvedSource) -> dict[str, Any]:
    """What a source gives to its samples beside their records."""
    how = source.instructions
    return {
        "spec": source.spec.model_dump(mode="json", include={"dataset", "split", "options"}),
        "converter": source.converter,
        "category": source.dataset.category,
        "license": source.license,
        "instructize": source.instructize.model_dump(mode="json"),
        "templates": [how.set_name, how.templates.digest()],
        "prompt": how.prompt_text,
        "annotations": plan.by_source[source.name].annotation_digests,
    }
