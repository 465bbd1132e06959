"""What holds for every preset, fusion, projector, chat template and recipe that is found."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import trainer
from datakit.record import Role
from datakit.registry import module_names
from trainer.encoders import build_backbone, resolve_encoder
from trainer.grids import GridShape
from trainer.model.chat_template import OWN_END, load_chat_template
from trainer.model.check import check_model
from trainer.model.parts import resolve_fusion, resolve_projector
from trainer.recipe import load_recipe

PACKAGE = Path(trainer.__file__).parent
SHAPES = [
    GridShape(channels=8, height=4, width=6),
    GridShape(channels=3, height=9, width=9),
]


def names(pattern: str) -> list[str]:
    return sorted(path.stem for path in PACKAGE.glob(pattern))


@pytest.mark.parametrize("preset", names("encoders/presets/*.yaml"))
def test_an_encoder_makes_the_grid_that_it_says(preset: str) -> None:
    """Large ones do so without memory, on the meta device."""
    device = "cpu" if preset.startswith("tiny-") else "meta"
    with torch.device(device):
        encoder = build_backbone(resolve_encoder({"preset": preset}))
        images = torch.randint(0, 256, (2, 3, 200, 200), dtype=torch.uint8)
        features = encoder(images)
    shape = encoder.shape
    assert features.shape == (2, shape.channels, shape.height, shape.width)
    features.sum().backward()
    assert all(tensor.grad is not None for tensor in encoder.parameters())
    encoder.requires_grad_(False)
    assert not encoder(images).requires_grad


@pytest.mark.parametrize("name", module_names("trainer.fusions"))
@pytest.mark.parametrize("count", [1, 2])
def test_a_fusion_makes_the_grid_that_it_says(name: str, count: int) -> None:
    fusion, settings = resolve_fusion({"type": name})
    part = fusion(SHAPES[:count], (2, 3), settings)
    grids = [torch.randn(2, s.channels, s.height, s.width) for s in SHAPES[:count]]
    for grid, shape in zip(part(grids), part.shapes, strict=True):
        assert grid.shape == (2, shape.channels, shape.height, shape.width)


@pytest.mark.parametrize("name", module_names("trainer.projectors"))
def test_a_projector_makes_as_many_tokens_as_it_says(name: str) -> None:
    own = {"queries": 2, "tokens": [2, 1], "width": 64, "depth": 1}
    kind, _ = resolve_projector({"type": name})
    keys = {key: value for key, value in own.items() if key in kind.Config.model_fields}
    if name == "resampler":
        keys["tokens"] = 7
    projector, settings = resolve_projector({"type": name, **keys})
    part = projector(SHAPES, 16, settings)
    grids = [torch.randn(2, s.channels, s.height, s.width) for s in SHAPES]
    assert part(grids).shape == (2, part.num_tokens, 16)


@pytest.mark.parametrize("name", names("model/chat_templates/*.yaml"))
def test_a_chat_template_holds_its_special_tokens(name: str) -> None:
    template = load_chat_template(name)
    roles: tuple[Role, ...] = ("system", "user", "assistant")
    text = template.text_start + "".join("".join(template.around(role)) for role in roles)
    assert template.assistant.end in (*template.special_tokens, OWN_END)
    assert all(token in text for token in template.special_tokens)


@pytest.mark.parametrize("name", names("recipes/*.yaml"))
def test_a_recipe_is_right(name: str) -> None:
    check_model(load_recipe(name))
