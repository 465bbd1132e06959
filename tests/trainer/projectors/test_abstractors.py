"""Sizes of the projectors, against the papers'; and numbers of tokens that do not fit."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from trainer.grids import GridShape
from trainer.layers.token_side import token_side
from trainer.model.parts import resolve_projector
from trainer.projectors.base import Projector

CLIP_224 = GridShape(channels=1024, height=16, width=16)


def on_meta(name: str, shape: GridShape = CLIP_224, width: int = 4096, **keys: Any) -> Projector:
    kind, settings = resolve_projector({"type": name, **keys})
    with torch.device("meta"):
        return kind([shape], width, settings)


@pytest.mark.parametrize(
    ("name", "keys", "millions"),
    [
        ("linear", {}, 4.20),
        ("mlp", {"activation": "silu"}, 20.98),
        ("c-abstractor", {}, 37.07),
    ],
)
def test_a_projector_is_as_large_as_honeybee_says(
    name: str, keys: dict[str, Any], millions: float
) -> None:
    part = on_meta(name, **keys)
    found = sum(parameter.numel() for parameter in part.parameters())
    assert found / 1e6 == pytest.approx(millions, rel=0.01)


def test_eagles_projector_is_as_large_as_the_paper_says() -> None:
    shape = GridShape(channels=7680, height=32, width=32)
    found = sum(parameter.numel() for parameter in on_meta("mlp", shape).parameters())
    assert found / 1e6 == pytest.approx(48.2, rel=0.01)


@pytest.mark.parametrize("name", ["c-abstractor", "d-abstractor", "resampler"])
def test_144_tokens_of_256_cells(name: str) -> None:
    part = on_meta(name)
    assert part.num_tokens == 144
    grid = torch.empty(2, 1024, 16, 16, device="meta")
    assert part([grid]).shape == (2, 144, 4096)


def test_queries_of_a_resampler_start_different() -> None:
    kind, settings = resolve_projector({"type": "resampler", "width": 16, "heads": 2, "tokens": 3})
    part = kind([GridShape(channels=4, height=2, width=2)], 8, settings)
    tokens = part([torch.randn(1, 4, 2, 2)])[0]
    assert len(tokens.unique(dim=0)) == 3


def test_tokens_form_a_grid_of_the_same_proportions() -> None:
    square = GridShape(channels=1, height=4, width=4)
    assert token_side(9, square) == (3, 3)
    wide = GridShape(channels=1, height=6, width=8)
    assert token_side(12, wide) == (3, 4)
    assert token_side((2, 8), wide) == (2, 8)
    with pytest.raises(ValueError, match=r"5 visual tokens do not form.* do: 1, 4, 9, 16; or give"):
        token_side(5, square)
    with pytest.raises(ValueError, match="neither side may be larger"):
        token_side((5, 4), square)
