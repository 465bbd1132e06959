"""Mixtures of vision encoders in front of a language model, trained on what datakit builds.

`import trainer` makes transformers' auto classes know the model. It loads no torch by itself, so
that the command line answers at once: names are imported when they are first used, and the model
is registered when transformers is imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from trainer.registration import register_with_transformers

if TYPE_CHECKING:
    from trainer.benching.bench import BenchRow, bench
    from trainer.benching.preflight import StagePreflight, preflight
    from trainer.chat import ChatSession
    from trainer.costs.check import check
    from trainer.costs.model_report import ModelReport
    from trainer.exporting.export import export
    from trainer.listing import catalog
    from trainer.model.configuration import EncoderMixtureConfig
    from trainer.model.modeling import EncoderMixtureForConditionalGeneration
    from trainer.model.processor import EncoderMixtureProcessor
    from trainer.training.fit import fit

__all__ = [
    "BenchRow",
    "ChatSession",
    "EncoderMixtureConfig",
    "EncoderMixtureForConditionalGeneration",
    "EncoderMixtureProcessor",
    "ModelReport",
    "StagePreflight",
    "bench",
    "catalog",
    "check",
    "export",
    "fit",
    "preflight",
]

_HOMES = {
    "BenchRow": "trainer.benching.bench",
    "ChatSession": "trainer.chat",
    "EncoderMixtureConfig": "trainer.model.configuration",
    "EncoderMixtureForConditionalGeneration": "trainer.model.modeling",
    "EncoderMixtureProcessor": "trainer.model.processor",
    "ModelReport": "trainer.costs.model_report",
    "StagePreflight": "trainer.benching.preflight",
    "bench": "trainer.benching.bench",
    "catalog": "trainer.listing",
    "check": "trainer.costs.check",
    "export": "trainer.exporting.export",
    "fit": "trainer.training.fit",
    "preflight": "trainer.benching.preflight",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'trainer' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


register_with_transformers()
