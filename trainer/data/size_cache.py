"""Sizes of samples on disk, so that the next run does not encode every text again."""

from __future__ import annotations

import hashlib
import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import orjson

import datakit
from datakit.io.cache_folder import ENTRY, cache_folder
from trainer.data.sizes import SampleSizes
from trainer.model.processor import EncoderMixtureProcessor

TABLE = "sizes.npy"
PART = ".datakit-"
# To be raised when the same text and images come to other tokens than before.
MEASURE_VERSION = 1


class SizeCache:
    """The entries of one build in datakit's cache; none where that is off.

    An entry is for one tokenizer, chat template, geometry and number of visual tokens, and holds
    while the build and its shards are as they were, by size and time of change.
    """

    def __init__(
        self,
        build: datakit.BuiltDataset,
        processor: EncoderMixtureProcessor,
        *,
        cut_tokens: int | None,
    ) -> None:
        self.build = build
        images = processor.image_processor
        decides = [
            MEASURE_VERSION,
            datakit.__version__,
            build.stamp,
            hashlib.sha256(processor.tokenizer.backend_tokenizer.to_str().encode()).hexdigest(),
            processor.chat_format,
            processor.tokens_per_view,
            images.geometry,
            images.side_px,
            cut_tokens,
        ]
        self.name = hashlib.sha256(orjson.dumps(decides)).hexdigest()[:32]
        self.folder = cache_folder()

    def read(self) -> SampleSizes | None:
        """The sizes of all samples that are trained on; None where they are not kept."""
        if self.folder is None:
            return None
        with suppress(OSError, ValueError):
            return SampleSizes.from_table(np.load(self.folder / self.name / TABLE))
        return None

    def write(self, sizes: SampleSizes) -> None:
        """Keeps them, whole or, where there is no room or no right to, not at all."""
        if self.folder is None:
            return
        about = {
            "converter": "sizes of samples",
            "split": "train",
            "path": str(self.build.path),
            "samples": len(sizes),
        }
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            part = Path(mkdtemp(dir=self.folder, prefix=PART))
            try:
                np.save(part / TABLE, sizes.table())
                (part / ENTRY).write_bytes(orjson.dumps(about))
                part.rename(self.folder / self.name)
            finally:
                shutil.rmtree(part, ignore_errors=True)
