"""Tells transformers' auto classes of the model, without importing transformers for it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


def register_with_transformers() -> None:
    """Registers config, model and processors now, or as soon as transformers is imported."""
    if "transformers" in sys.modules:
        _register()
    else:
        sys.meta_path.insert(0, _RegisterAfterImport())


class _RegisterAfterImport(MetaPathFinder):
    """Stands before the import of transformers, and registers when that import is done.

    Importing transformers and torch costs seconds, which `trainer --help` must not pay; and a
    user who writes `import trainer` before `import transformers` must not notice.
    """

    def __init__(self) -> None:
        self.searching = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if fullname != "transformers" or self.searching:
            return None
        self.searching = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self.searching = False
        if spec is not None and spec.loader is not None:
            self._register_after(spec)
        return spec

    def _register_after(self, spec: ModuleSpec) -> None:
        assert spec.loader is not None
        execute = spec.loader.exec_module

        def execute_and_register(module: ModuleType) -> None:
            execute(module)
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            _register()

        spec.loader.exec_module = execute_and_register  # type: ignore[method-assign]


def _register() -> None:
    from transformers import (
        AutoConfig,
        AutoImageProcessor,
        AutoModelForImageTextToText,
        AutoProcessor,
    )

    from trainer.model.configuration import EncoderMixtureConfig
    from trainer.model.image_processor import SquareImageProcessor
    from trainer.model.modeling import EncoderMixtureForConditionalGeneration
    from trainer.model.processor import EncoderMixtureProcessor

    config = EncoderMixtureConfig
    AutoConfig.register(config.model_type, config, exist_ok=True)
    AutoModelForImageTextToText.register(
        config, EncoderMixtureForConditionalGeneration, exist_ok=True
    )
    AutoImageProcessor.register(
        config,
        image_processor_classes=dict.fromkeys(("pil", "torchvision"), SquareImageProcessor),
        exist_ok=True,
    )
    AutoProcessor.register(  # type: ignore[no-untyped-call]
        config, EncoderMixtureProcessor, exist_ok=True
    )
