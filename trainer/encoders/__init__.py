"""Vision encoders: what a preset says, and the backbone that it describes."""

from __future__ import annotations

from datakit.registry import load_class
from trainer.encoders.families.base import Backbone
from trainer.encoders.preset import EncoderPreset, EncoderSpec, resolve_encoder

__all__ = ["Backbone", "EncoderPreset", "EncoderSpec", "build_backbone", "resolve_encoder"]


def build_backbone(spec: EncoderSpec, *, load_weights: bool = False) -> Backbone:
    """Builds the encoder of a preset; arguments and errors are those of `Backbone`."""
    family = load_class("trainer.encoders.families", spec.family, Backbone)
    return family(spec, load_weights=load_weights)
