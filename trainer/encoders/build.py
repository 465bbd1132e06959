"""From what is said of an encoder to the module."""

from __future__ import annotations

from datakit.registry import load_class
from trainer.encoders.families.base import Backbone
from trainer.encoders.preset import EncoderSpec


def build_backbone(spec: EncoderSpec, *, load_weights: bool = False) -> Backbone:
    """Builds the encoder of a preset; arguments and errors are those of `Backbone`."""
    family = load_class("trainer.encoders.families", spec.family, Backbone)
    return family(spec, load_weights=load_weights)
