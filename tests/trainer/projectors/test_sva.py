"""SVA: its attention against a dense reference, and that padding is never seen."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor

from tests.trainer.model.test_combinations import built
from trainer.grids import GridShape, cell_mask, resize_grid
from trainer.layers.spatial_aggregator import SeenWindows, SpatialAggregator
from trainer.projectors.sva import Sva, SvaConfig

SHAPES = [
    GridShape(channels=6, height=8, width=8),
    GridShape(channels=4, height=3, width=3),
    GridShape(channels=5, height=4, width=4),
]
TALL = torch.tensor([[0.25, 0.0, 0.75, 1.0], [0.0, 0.0, 1.0, 1.0]])


def made(**settings: object) -> Sva:
    torch.manual_seed(0)
    config = SvaConfig.model_validate({"queries": 4, "width": 128, "depth": 2, **settings})
    part = Sva(SHAPES, 10, config)
    for name, parameter in part.named_parameters():
        if "norm" not in name:
            torch.nn.init.normal_(parameter, std=0.1)
    return part


def features(count: int = 2) -> list[Tensor]:
    return [torch.randn(count, s.channels, s.height, s.width) for s in SHAPES]


@pytest.mark.parametrize("areas", [None, TALL])
def test_a_layer_equals_attention_over_all_cells_with_a_mask(areas: Tensor | None) -> None:
    part = made()
    seen = part.look(features(), areas)
    layer: SpatialAggregator = part.groups[0][0]  # type: ignore[index]
    queries = torch.randn(2, 16, 128)
    assert torch.allclose(layer(queries, seen), dense(layer, queries, seen), atol=1e-5)


def dense(layer: SpatialAggregator, queries: Tensor, seen: SeenWindows) -> Tensor:
    """The same by attention of every query to every cell, all but its windows masked out."""
    context = layer.context(seen.context)[:, None].expand(-1, 16, -1)
    inner = layer.input(torch.cat([queries, context], dim=-1))
    positions = iter(layer.positions)
    keys, values, masks = [], [], []
    cells_of = [cells.shape[2] for cells in seen.grids]
    nothing: list[Tensor | None] = [None] * 3
    valid = iter(nothing if seen.valid is None else torch.split(seen.valid, cells_of, dim=-1))
    for index, cells in enumerate(seen.grids):
        cells = cells + next(positions) if layer.has_position[index] else cells
        keys.append(layer.keys[index](cells).flatten(1, 2))
        values.append(layer.values[index](cells).flatten(1, 2))
        own = torch.eye(16, dtype=torch.bool).repeat_interleave(cells.shape[2], dim=1)
        mask = next(valid)
        masks.append(own if mask is None else own & mask.flatten(1)[:, None])
    mask = torch.cat([m.expand(2, -1, -1) for m in masks], dim=-1)[:, None]
    query, key, value = (
        t.unflatten(-1, (layer.heads, -1)).transpose(1, 2)
        for t in (layer.query(inner), torch.cat(keys, 1), torch.cat(values, 1))
    )
    scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
    shares = scores.masked_fill(~mask, float("-inf")).softmax(dim=-1).nan_to_num(0)
    read = layer.attended((shares @ value).transpose(1, 2).flatten(2))
    inner = layer.norm(inner + read)
    updated: Tensor = queries + layer.output(inner)
    return updated


@pytest.mark.parametrize("filling", [0.0, 100.0, float("nan")])
def test_padding_never_changes_the_output(filling: float) -> None:
    part = made(groups=2)
    grids = features(2)
    areas = torch.tensor([[0.25, 0.0, 0.75, 1.0], [0.0, 0.1, 1.0, 0.9]])
    expected = part(grids, areas)
    padded = []
    for grid in grids:
        mask = cell_mask(areas, grid.shape[-2:]).unsqueeze(1)  # type: ignore[arg-type]
        padded.append(torch.where(mask, grid, filling))
    assert not torch.equal(padded[0].nan_to_num(7), grids[0])
    assert torch.equal(part(padded, areas), expected)


def test_what_is_shown_does_change_the_output() -> None:
    part = made()
    grids = features(2)
    expected = part(grids, TALL)
    grids[0] = grids[0].clone()
    grids[0][0, :, 0, 3] += 1
    changed = (part(grids, TALL) != expected).any(dim=-1)
    assert changed[0].any()
    assert not changed[1].any()


def test_the_released_sizes_make_600_tokens_with_a_row_end_each() -> None:
    shapes = [GridShape(channels=8, height=s, width=s) for s in (27, 24, 37, 96)]
    part = Sva(shapes, 12, SvaConfig(width=16))
    assert part.factors == [1, 1, 2, 4]
    assert part.num_tokens == 600
    tokens = part([torch.randn(1, 8, s.height, s.width) for s in shapes])
    assert tokens.shape == (1, 600, 12)
    ends = tokens.view(24, 25, 12)[:, -1]
    assert torch.equal(ends, part.row_end.expand(24, -1))


def test_a_query_reads_its_own_window_only() -> None:
    part = made(depth=1)
    grids = [torch.zeros_like(grid) for grid in features(1)]
    seen = part.look(grids, None)
    layer: SpatialAggregator = part.groups[0][0]  # type: ignore[index]
    before = layer(torch.zeros(1, 16, 128), seen)
    seen.grids[0][0, 5, 2] += 1
    changed = (layer(torch.zeros(1, 16, 128), seen) != before).any(dim=-1)
    assert changed[0].nonzero().flatten().tolist() == [5]


def test_averages_and_unshuffled_cells() -> None:
    grid = torch.arange(16.0).view(1, 1, 4, 4)
    averaged = GridShape(channels=1, height=4, width=4, resize="average")
    assert resize_grid(grid, averaged, (2, 2)).flatten().tolist() == [2.5, 4.5, 10.5, 12.5]
    stacked = GridShape(channels=1, height=4, width=4, resize="pixel-unshuffle")
    assert stacked.resized((2, 2)).channels == 4
    assert resize_grid(grid, stacked, (2, 2))[0, :, 0, 0].tolist() == [0, 1, 4, 5]
    with pytest.raises(ValueError, match="cannot be pixel-unshuffled to 3 x 3"):
        stacked.resized((3, 3))


def test_inputs_in_bf16_keep_their_places_and_a_model_that_has_seen_can_be_copied() -> None:
    """Casting a batch leaves areas whole; the graph of the last views is no part of a copy."""
    model = built("separate", "sva", encoders=2)
    wide = Image.new("RGB", (64, 37), "red")
    inputs: Any = model.processor(text=["<image>What?"], images=[wide], return_tensors="pt")
    expected = model.model(**inputs).logits
    cast = inputs.to(torch.bfloat16)
    assert torch.equal(model.model(**cast).logits, expected)
    copied = deepcopy(model.model)
    assert torch.equal(copied(**cast).logits, expected)
