"""Vision encoders: what a preset says, and the backbone that it describes."""

from __future__ import annotations

from trainer.encoders.families.base import Backbone
from trainer.encoders.preset import EncoderPreset, EncoderSpec
from trainer.encoders.resolve import encoder_name, family_of, resolve_encoder

__all__ = [
    "Backbone",
    "EncoderPreset",
    "EncoderSpec",
    "build_backbone",
    "encoder_name",
    "resolve_encoder",
]


def build_backbone(spec: EncoderSpec, *, load_weights: bool = False) -> Backbone:
    """Builds the encoder of a preset; arguments and errors are those of `Backbone`."""
    return family_of(spec.family)(spec, load_weights=load_weights)
