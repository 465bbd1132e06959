"""Vision encoders: what a preset says, and the backbone that it describes."""

from trainer.encoders.build import build_backbone
from trainer.encoders.families.base import Backbone
from trainer.encoders.preset import EncoderPreset, EncoderSpec
from trainer.encoders.resolve import resolve_encoder

__all__ = ["Backbone", "EncoderPreset", "EncoderSpec", "build_backbone", "resolve_encoder"]
