from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from trainer.layers.deformable_attention import DeformableAttention, cell_centres


def made(levels: int = 2) -> DeformableAttention:
    torch.manual_seed(0)
    layer = DeformableAttention(8, levels=levels, heads=2, points=3).double()
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return layer


def test_its_gradients_are_right() -> None:
    layer = made()
    queries = torch.randn(2, 3, 8, dtype=torch.double, requires_grad=True)
    places = torch.rand(2, 3, 2, dtype=torch.double, requires_grad=True)
    grids = [
        torch.randn(2, 8, *side, dtype=torch.double, requires_grad=True)
        for side in ((4, 3), (2, 5))
    ]

    def attend(queries: Tensor, places: Tensor, *grids: Tensor) -> Tensor:
        out: Tensor = layer(queries, places, grids)
        return out

    assert torch.autograd.gradcheck(attend, (queries, places, *grids))


def test_it_equals_a_loop_over_heads_and_points() -> None:
    layer = made(levels=1)
    queries = torch.randn(1, 2, 8, dtype=torch.double)
    places = torch.rand(1, 2, 2, dtype=torch.double)
    grid = torch.randn(1, 8, 5, 4, dtype=torch.double)
    values = functional.conv2d(grid, layer.values.weight[:, :, None, None], layer.values.bias)
    expected = torch.zeros(2, 8, dtype=torch.double)
    for query in range(2):
        offsets = layer.offsets(queries[0, query]).view(2, 3, 2)
        weights = layer.weights(queries[0, query]).view(2, 3).softmax(dim=-1)
        for head in range(2):
            own = values[:, 4 * head : 4 * head + 4]
            for point in range(3):
                at = places[0, query] + offsets[head, point] / torch.tensor([4.0, 5.0]).double()
                seen = functional.grid_sample(
                    own, (2 * at - 1).view(1, 1, 1, 2), align_corners=False
                )
                expected[query, 4 * head : 4 * head + 4] += weights[head, point] * seen.flatten()
    assert torch.allclose(layer(queries, places, [grid])[0], layer.output(expected))


def test_at_first_each_head_looks_in_a_direction_of_its_own() -> None:
    layer = DeformableAttention(16, heads=8, points=4)
    offsets = layer.offsets(torch.randn(1, 16)).view(8, 4, 2)
    assert offsets[:, 0].round(decimals=4).unique(dim=0).shape[0] == 8
    assert torch.allclose(offsets.abs().amax(dim=-1), torch.arange(1.0, 5.0).expand(8, 4))


def test_in_bf16_it_looks_where_it_does_in_fp32() -> None:
    layer = DeformableAttention(2, heads=1, points=1)
    torch.nn.init.zeros_(layer.offsets.bias)
    torch.nn.init.eye_(layer.values.weight)
    torch.nn.init.eye_(layer.output.weight)
    for linear in (layer.values, layer.output):
        torch.nn.init.zeros_(linear.bias)
    side = 96
    chess = (torch.arange(side).view(-1, 1) + torch.arange(side)) % 2
    grid = chess.expand(1, 2, side, side).bfloat16()
    places = cell_centres(side, side).unsqueeze(0)
    queries = torch.zeros(1, side**2, 2, dtype=torch.bfloat16)
    seen = layer.bfloat16()(queries, places, [grid])
    assert seen.dtype == torch.bfloat16
    assert torch.allclose(seen[0, :, 0].float(), chess.flatten().float(), atol=0.01)


def test_the_centres_of_cells() -> None:
    expected = torch.tensor([[0.25, 0.5], [0.75, 0.5]])
    assert torch.equal(cell_centres(1, 2), expected)


def test_a_width_that_heads_do_not_divide() -> None:
    with pytest.raises(ValueError, match="width 10 cannot be shared by 8 heads"):
        DeformableAttention(10)
