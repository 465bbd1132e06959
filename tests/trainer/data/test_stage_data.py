"""From builds to what a stage trains on: what is joined, measured, left out and refused."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import datakit
from datakit.errors import DamageError, DataError, UsageError
from datakit.io.cache_folder import cache_folder
from datakit.record import Message
from tests.trainer.scenes import write_scenes
from trainer.data.blend import StageData, join_builds
from trainer.data.loader import StepBatches
from trainer.data.measure import measure_conversation
from trainer.data.micro_batches import Limits
from trainer.data.open import open_builds
from trainer.data.order import SampleOrder, epoch_positions
from trainer.data.samples import encode_sample
from trainer.data.select import Selection
from trainer.model.build import ModelAndProcessor
from trainer.recipe import Blend, BuildChoice, load_recipe
from trainer.training.processes import Processes, join_processes
from trainer.training.stage_data import measure_build, prepare_data

ALL = Selection(max_tokens=512, max_views=None)


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    with join_processes() as joined:
        yield joined


@pytest.fixture(scope="module")
def by_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of 8 + 24 samples with a shard a source, drawn half and half."""
    root = tmp_path_factory.mktemp("sources")
    sources = ""
    for name, count in (("few", 8), ("many", 24)):
        write_scenes(root / name, count=count)
        sources += (
            f"  - {{name: {name}, dataset: llava-json, path: {name}/scenes.json, weight: 1}}\n"
        )
    (root / "mixture.yaml").write_text(
        f"name: two\nroot: {root}\noutput: {{layout: per-source}}\n"
        "balance: {strategy: weighted, total_samples: 16}\nsources:\n" + sources
    )
    datakit.build(root / "mixture.yaml", out=root / "build")
    return root / "build"


@pytest.fixture
def copied(build_path: Path, tmp_path: Path) -> Path:
    """A copy of the build, to be harmed."""
    shutil.copytree(build_path, tmp_path / "build")
    return tmp_path / "build"


def blend(*builds: Path, weights: tuple[float, ...] = ()) -> Blend:
    pairs = zip(builds, weights or [None] * len(builds), strict=True)
    return tuple(BuildChoice(build=str(build), weight=weight) for build, weight in pairs)


def joined(
    chosen: Blend, small: ModelAndProcessor, processes: Processes, selection: Selection = ALL
) -> StageData:
    builds = open_builds([chosen])
    sizes = {
        name: measure_build(build, small.processor, cut_tokens=None, processes=processes)
        for name, build in builds.items()
    }
    return join_builds(chosen, builds, sizes, small.processor, selection)


def sources_of_epoch(data: StageData, epoch: int) -> Counter[str]:
    positions = epoch_positions(data.draws, seed=1, epoch=epoch).tolist()
    return Counter(data.samples.key(position).rpartition("-")[0] for position in positions)


def test_sizes_are_those_of_the_encoded_samples(
    build_path: Path, small: ModelAndProcessor, processes: Processes
) -> None:
    data = joined(blend(build_path), small, processes)
    for position in (0, 3, 17):
        sample, size = data.samples[position], data.sizes[position]
        assert (len(sample.input_ids), len(sample.pixel_values)) == (size.tokens, size.views)
        learned = sum(label >= 0 for label in sample.labels)
        assert learned == data.sizes.label_tokens[position]


def test_without_weights_every_sample_comes_once_an_epoch(
    build_path: Path, by_source: Path, small: ModelAndProcessor, processes: Processes
) -> None:
    data = joined(blend(build_path, by_source), small, processes)
    assert data.epoch_samples == 64 + 16
    assert sources_of_epoch(data, 0) == {"scenes": 64, "few": 8, "many": 8}


def test_weights_are_shares_of_an_epoch_and_sources_keep_theirs(
    build_path: Path, by_source: Path, small: ModelAndProcessor, processes: Processes
) -> None:
    data = joined(blend(build_path, by_source, weights=(1, 3)), small, processes)
    for epoch in (0, 1):
        assert sources_of_epoch(data, epoch) == {"scenes": 20, "few": 30, "many": 30}
    assert [share.epoch_samples for share in data.shares] == [20, 60]


def test_order_is_the_same_for_one_rank_and_two_and_from_any_step(
    build_path: Path, small: ModelAndProcessor, processes: Processes
) -> None:
    data = joined(blend(build_path), small, processes)
    order = SampleOrder(draws=data.draws, seed=1, batch_samples=5)
    limits = Limits(packing=True, tokens=300)

    def keys(step: int, ranks: int) -> list[str]:
        parts = [
            StepBatches(data, order=order, limits=limits, rank=rank, ranks=ranks)[step]
            for rank in range(ranks)
        ]
        assert len({len(part.micro_batches) for part in parts}) == 1
        return sorted(key for part in parts for key in part.keys)

    for step in (14, 2):
        expected = sorted(data.samples.key(position) for position in order.batch(step))
        assert keys(step, 1) == keys(step, 2) == expected


def test_a_conversation_is_cut_behind_an_exchange_and_loses_the_images_of_the_rest(
    build_path: Path, small: ModelAndProcessor
) -> None:
    turns = [("<image>\nWhat colour?", "Red."), ("And\n<image>\nhere?", "Blue."), ("Why?", "So.")]
    messages = [
        message
        for question, answer in turns
        for message in (
            Message(role="user", content=question),
            Message(role="assistant", content=answer),
        )
    ]
    whole = measure_conversation(messages, [1, 1], small.processor, cut_tokens=None)
    assert (whole.views, whole.exchanges, whole.all_exchanges) == (2, 3, 3)
    cut = measure_conversation(messages, [1, 1], small.processor, cut_tokens=whole.tokens - 1)
    assert (cut.views, cut.exchanges) == (2, 2)
    cut = measure_conversation(messages, [1, 1], small.processor, cut_tokens=cut.tokens - 1)
    assert (cut.views, cut.exchanges, cut.all_exchanges) == (1, 1, 3)
    nothing = measure_conversation(messages, [1, 1], small.processor, cut_tokens=cut.tokens - 1)
    assert (nothing.exchanges, nothing.tokens) == (0, whole.tokens)

    data = datakit.open(build_path)
    sample = next(sample for sample in data if len(sample.messages) == 4)
    first = encode_sample(sample, small.processor, exchanges=1)
    both = encode_sample(sample, small.processor, exchanges=2)
    assert both.input_ids[: len(first.input_ids)] == first.input_ids
    assert len(first.input_ids) < len(both.input_ids)


def test_cut_samples_are_read_as_they_were_measured(
    build_path: Path, small: ModelAndProcessor, processes: Processes
) -> None:
    whole = joined(blend(build_path), small, processes)
    most = int(np.median(whole.sizes.tokens)) - 1
    chosen = blend(build_path)
    builds = open_builds([chosen])
    sizes = measure_build(
        builds[str(build_path)], small.processor, cut_tokens=most, processes=processes
    )
    selection = Selection(max_tokens=most, max_views=None)
    data = join_builds(chosen, builds, {str(build_path): sizes}, small.processor, selection)
    (share,) = data.shares
    cut = np.flatnonzero(data.sizes.exchanges < data.sizes.all_exchanges)
    assert share.cut_samples == len(cut) > 0
    assert {sample.reason for sample in data.dropped} == {"over-long"}  # their first does not fit
    assert min(sample.tokens for sample in data.dropped) > most
    sample = data.samples[int(cut[0])]
    assert len(sample.input_ids) == data.sizes.tokens[cut[0]] <= most


def test_what_does_not_fit_is_dropped_with_its_reason(
    build_path: Path, small: ModelAndProcessor, processes: Processes
) -> None:
    one_view = Selection(max_tokens=512, max_views=1)
    data = joined(blend(build_path), small, processes, one_view)
    assert len(data.dropped) == 8
    assert {(s.source, s.views, s.reason) for s in data.dropped} == {
        ("scenes", 2, "too-many-views")
    }
    assert data.epoch_samples == 56
    with pytest.raises(DataError, match=r"none of 64 training samples .* Raise max_tokens"):
        joined(blend(build_path), small, processes, Selection(max_tokens=3, max_views=None))


def test_a_stage_may_have_a_longest_sample_of_its_own(
    build_path: Path, small: ModelAndProcessor, processes: Processes
) -> None:
    recipe = load_recipe("tiny", ["stages.tune.max_tokens=120"]).value
    own = blend(build_path)
    data = prepare_data(
        recipe,
        recipe.stages,
        {stage.name: own for stage in recipe.stages},
        open_builds([own]),
        processor=small.processor,
        processes=processes,
    )
    longest = {}
    for stage, found in data.items():
        assert isinstance(found, StageData)
        longest[stage] = found.sizes.tokens.max()
    assert longest["project"] > 120 >= longest["tune"]


def test_sizes_are_kept_until_a_shard_is_written_anew(
    copied: Path, small: ModelAndProcessor, processes: Processes
) -> None:
    def measured() -> int:
        sizes = measure_build(
            datakit.open(copied), small.processor, cut_tokens=None, processes=processes
        )
        return int(sizes.tokens[0])

    shard = next((copied / "shards").glob("*.tar"))
    os.utime(shard, (2, 2))
    expected = measured()
    folder = cache_folder()
    assert folder is not None
    for entry in folder.glob("*/entry.json"):
        about = json.loads(entry.read_text())
        if about["path"] == str(copied) and "samples" in about:
            break
    assert about["samples"] == 64
    kept = np.load(entry.with_name("sizes.npy"))
    kept[0, 0] = 7
    np.save(entry.with_name("sizes.npy"), kept)
    assert measured() == 7
    os.utime(shard, (1, 1))
    assert measured() == expected


def test_one_build_twice_is_refused(build_path: Path, copied: Path) -> None:
    with pytest.raises(UsageError, match=r"are one build .* named twice in one blend"):
        open_builds([blend(build_path, copied)])
    open_builds([blend(build_path), blend(copied)])


def test_a_build_that_was_edited_or_is_newer_is_refused(copied: Path) -> None:
    chosen = [blend(copied)]
    shard = next((copied / "shards").glob("*.tar"))
    whole = shard.read_bytes()
    shard.write_bytes(whole + b"x")
    with pytest.raises(DamageError, match=r"shards/.*tar: .* bytes, the manifest says"):
        open_builds(chosen)
    shard.unlink()
    with pytest.raises(DamageError, match=r"shards/.*tar: missing"):
        open_builds(chosen)
    shard.write_bytes(whole)
    index = (copied / "index.parquet").read_bytes()
    (copied / "index.parquet").write_bytes(index[:60] + bytes([index[60] ^ 1]) + index[61:])
    with pytest.raises(DamageError, match=r"index\.parquet"):
        open_builds(chosen)
    (copied / "index.parquet").write_bytes(index)
    manifest = json.loads((copied / "manifest.json").read_text())
    manifest["format_version"] += 1
    (copied / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DamageError, match=r"format version 2, but this datakit reads up to 1"):
        open_builds(chosen)


def test_an_image_that_a_shard_lacks_is_found_before_the_first_step(
    copied: Path, small: ModelAndProcessor, processes: Processes
) -> None:
    data = datakit.open(copied)
    key = next(sample.id for sample in data if sample.images)
    shard = next((copied / "shards").glob("*.tar"))
    content = shard.read_bytes()
    # Letters in another order have the same sum, so that the header is still whole.
    assert f"{key}.png".encode() in content
    shard.write_bytes(content.replace(f"{key}.png".encode(), f"{key}.gnp".encode()))
    (build,) = open_builds([blend(copied)]).values()
    with pytest.raises(DamageError, match=rf"no member '{key}.png' beside the sample"):
        measure_build(build, small.processor, cut_tokens=None, processes=processes)
