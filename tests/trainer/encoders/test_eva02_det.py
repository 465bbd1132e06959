"""EVA-02's detector: its released file, its windows, its positions.

Legend: N views, C channels, L cells, A heads, w side of a window in cells.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from datakit.errors import UsageError
from trainer.encoders import Backbone, build_backbone, resolve_encoder

SIDE, WINDOW, WIDTH, HEADS, DEPTH = 4, 2, 32, 2, 3
HIDDEN = int(WIDTH * 8 / 3)
TRAINED_SIDE = 16  # cells that rotary positions are stretched to
OPTIONS = {
    "patch_size": 16,
    "window": WINDOW,
    "embed_dim": WIDTH,
    "depth": DEPTH,
    "num_heads": HEADS,
    "global_every": 3,
}


def encoder_of(**keys: Any) -> Backbone:
    given = {"preset": "eva02-1024", "image_side_px": 16 * SIDE, "options": OPTIONS}
    return build_backbone(resolve_encoder({**given, **keys}), load_weights=True).eval()


def released() -> dict[str, Tensor]:
    """Random tensors under the names of the detector's file; trained on a grid of 3 x 3."""
    torch.manual_seed(5)
    shapes: dict[str, tuple[int, ...]] = {
        "pos_embed": (1, 1 + 3 * 3, WIDTH),
        "patch_embed.proj.weight": (WIDTH, 3, 16, 16),
        "patch_embed.proj.bias": (WIDTH,),
        "rope_win.freqs_cos": (WINDOW**2, WIDTH // HEADS),
        "rope_glb.freqs_sin": (SIDE**2, WIDTH // HEADS),
    }
    for block in (f"blocks.{index}" for index in range(DEPTH)):
        for name in ("q_proj", "k_proj", "v_proj", "proj"):
            shapes[f"{block}.attn.{name}.weight"] = (WIDTH, WIDTH)
        for name in ("q_bias", "v_bias", "proj.bias"):
            shapes[f"{block}.attn.{name}"] = (WIDTH,)
        shapes[f"{block}.attn.rope.freqs_cos"] = (WINDOW**2, WIDTH // HEADS)
        for name, rows, columns in (("w1", HIDDEN, WIDTH), ("w2", HIDDEN, WIDTH)):
            shapes[f"{block}.mlp.{name}.weight"] = (rows, columns)
            shapes[f"{block}.mlp.{name}.bias"] = (rows,)
        shapes |= {f"{block}.mlp.w3.weight": (WIDTH, HIDDEN), f"{block}.mlp.w3.bias": (WIDTH,)}
        for name, width in (("norm1", WIDTH), ("norm2", WIDTH), ("mlp.ffn_ln", HIDDEN)):
            shapes |= {f"{block}.{name}.weight": (width,), f"{block}.{name}.bias": (width,)}
    tensors = {name: torch.randn(shape) / max(shape) ** 0.5 for name, shape in shapes.items()}
    backbone = {f"backbone.net.{name}": tensor for name, tensor in tensors.items()}
    rest = {"backbone.simfp_2.0.weight": torch.zeros(2), "roi_heads.mask_head.x": torch.zeros(1)}
    return {**backbone, **rest}


def saved(state: Any, folder: Path) -> str:
    torch.save(state, folder / "detector.pth")
    return str(folder / "detector.pth")


def rotated(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Rotary positions as EVA-02 has them: pairs of neighbours turn, rows first: (N, A, L, C)."""
    half = x.shape[-1] // 2
    speeds = 10000 ** -(torch.arange(0, half, 2) / half)
    angles = torch.cat([rows[:, None] * speeds, columns[:, None] * speeds], dim=1)
    turns = torch.polar(torch.ones_like(angles), angles)
    pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2).contiguous())
    return torch.view_as_real(pairs * turns).flatten(-2)


def dense_reference(state: dict[str, Tensor], pixels: Tensor) -> Tensor:
    """The detector's backbone over all cells at once; a mask keeps each window to itself."""
    own = {name.removeprefix("backbone.net."): tensor for name, tensor in state.items()}
    trained = own["pos_embed"][:, 1:].mT.reshape(1, WIDTH, 3, 3)
    positions = functional.interpolate(trained, size=(SIDE, SIDE), mode="bicubic")
    patch = own["patch_embed.proj.weight"], own["patch_embed.proj.bias"]
    x = (functional.conv2d(pixels, *patch, stride=16) + positions).flatten(2).mT
    rows, columns = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    rows, columns = rows.flatten(), columns.flatten()
    window = rows // WINDOW * SIDE + columns // WINDOW
    for index in range(DEPTH):
        block = {
            name.removeprefix(f"blocks.{index}."): tensor
            for name, tensor in own.items()
            if name.startswith(f"blocks.{index}.")
        }
        sees_all = index % 3 == 2
        mask = torch.ones(len(rows), len(rows)) > 0 if sees_all else window[:, None] == window
        span = SIDE if sees_all else WINDOW
        here = rows % span / span * TRAINED_SIDE, columns % span / span * TRAINED_SIDE
        y = layer_norm(x, block, "norm1")
        heads = [
            functional.linear(y, block[f"attn.{p}_proj.weight"], block.get(f"attn.{p}_bias"))
            .reshape(*y.shape[:2], HEADS, -1)
            .transpose(1, 2)
            for p in "qkv"
        ]
        queries, keys = rotated(heads[0], *here), rotated(heads[1], *here)
        scores = queries @ keys.mT * (WIDTH // HEADS) ** -0.5
        seen = scores.masked_fill(~mask, -torch.inf).softmax(dim=-1) @ heads[2]
        x = x + linear(seen.transpose(1, 2).flatten(2), block, "attn.proj")
        y = layer_norm(x, block, "norm2")
        y = functional.silu(linear(y, block, "mlp.w1")) * linear(y, block, "mlp.w2")
        x = x + linear(layer_norm(y, block, "mlp.ffn_ln"), block, "mlp.w3")
    return x.mT.reshape(len(x), WIDTH, SIDE, SIDE)


def linear(x: Tensor, block: dict[str, Tensor], name: str) -> Tensor:
    return functional.linear(x, block[f"{name}.weight"], block[f"{name}.bias"])


def layer_norm(x: Tensor, block: dict[str, Tensor], name: str) -> Tensor:
    weight, bias = block[f"{name}.weight"], block[f"{name}.bias"]
    return functional.layer_norm(x, x.shape[-1:], weight, bias, eps=1e-6)


@pytest.mark.parametrize("wrapper", ["model", "ema_state", None])
def test_a_released_file_gives_the_features_of_the_dense_reference(
    tmp_path: Path, wrapper: str | None
) -> None:
    state = released()
    content = {wrapper: state, "iteration": 40000} if wrapper else state
    encoder = encoder_of(weights=saved(content, tmp_path))
    images = torch.randint(0, 256, (2, 3, 16 * SIDE, 16 * SIDE), dtype=torch.uint8)
    with torch.no_grad():
        features = encoder(images)
        expected = dense_reference(state, encoder.preprocess(images))
    assert features.shape == (2, WIDTH, SIDE, SIDE)
    torch.testing.assert_close(features, expected, atol=2e-5, rtol=1e-4)


def test_an_earlier_layer_loads_from_the_whole_file(tmp_path: Path) -> None:
    encoder = encoder_of(weights=saved(released(), tmp_path), layer=[0, 1])
    assert encoder.shape.channels == 2 * WIDTH
    assert not any(".2." in name for name in encoder.state_dict())


def test_missing_and_extra_tensors_are_listed(tmp_path: Path) -> None:
    state = released()
    state["backbone.net.blocks.1.attn.inner_attn_ln.weight"] = torch.zeros(WIDTH)
    del state["backbone.net.blocks.2.mlp.w3.bias"]
    with pytest.raises(UsageError) as caught:
        encoder_of(weights=saved(state, tmp_path))
    assert "1 (blocks.2.mlp.fc2.bias) missing" in str(caught.value)
    assert "1 (blocks.1.attn.inner_attn_ln.weight) left over" in str(caught.value)


def test_a_file_that_is_no_detector_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no detector of EVA-02"):
        encoder_of(weights=saved({"pos_embed": torch.zeros(1, 10, WIDTH)}, tmp_path))
    (tmp_path / "text.pth").write_text("text")
    with pytest.raises(UsageError, match=r"text.pth' cannot be loaded"):
        encoder_of(weights=str(tmp_path / "text.pth"))


def test_an_architecture_that_is_no_eva_is_refused() -> None:
    with pytest.raises(UsageError, match="timm cannot build resnet10t"):
        encoder_of(architecture="resnet10t", weights=None)


def test_a_grid_that_windows_do_not_fill_is_refused() -> None:
    with pytest.raises(UsageError, match="image_side_px that 32 divides"):
        encoder_of(image_side_px=48, weights=None)
