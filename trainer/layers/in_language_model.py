"""Spatial aggregators between the layers of a language model.

Legend: B batch, L tokens, N views, h w the query grid, D width of the language model.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from trainer.layers.spatial_aggregator import SeenWindows, SpatialAggregator


class InLanguageModel(nn.Module):
    """Lets visual tokens read the encoders again, after some layers of the language model.

    Cambrian-1 (arXiv 2406.16860), section 3.2, "multiple stages". What is read is shown to it
    before each forward of the language model; hooks on the layers do the rest, so that any
    architecture of transformers serves. Activation checkpointing must be the non-reentrant kind.
    """

    def __init__(
        self, after: Sequence[int], layers: Iterable[SpatialAggregator], *, rows: int, columns: int
    ) -> None:
        """Takes the layers.

        Args:
            after: indexes of the language model's layers, one an aggregator.
            rows: h, of visual tokens; each row ends with one that reads nothing.
            columns: w.
        """
        super().__init__()
        self.after = list(after)
        self.layers = nn.ModuleList(layers)
        self.rows, self.columns = rows, columns
        self._seen: SeenWindows | None = None
        self._is_visual: Tensor | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Without what is shown at the moment: it holds a graph, which cannot be copied."""
        return {**self.__dict__, "_seen": None, "_is_visual": None}

    def attach(self, language_model: nn.Module) -> None:
        """Hooks every aggregator to its layer.

        Raises:
            ValueError: the layers of the language model cannot be found.
        """
        decoder = decoder_layers(language_model)
        for index, layer in zip(self.after, self.layers, strict=True):
            decoder[index].register_forward_hook(_Hook(self, layer))

    def show(self, seen: SeenWindows | None, is_visual: Tensor | None = None) -> None:
        """Says what the next forward may read, and which tokens, (B, L), are visual."""
        self._seen, self._is_visual = seen, is_visual

    def read(self, layer: nn.Module, hidden: Tensor) -> Tensor:
        """Updates the visual ones of hidden states, (B, L, D)."""
        if self._seen is None or self._is_visual is None:
            return hidden
        if not self._is_visual.any():  # a batch of text: every rank takes the same path
            queries = hidden[:1, :1].expand(-1, self.rows * self.columns, -1)
            unused: Tensor = layer(queries, self._seen)
            return hidden + 0 * unused.mean()
        is_visual = self._is_visual.unsqueeze(-1)
        tokens = hidden.masked_select(is_visual)
        tokens = tokens.view(-1, self.rows, self.columns + 1, hidden.shape[-1])
        cells, ends = tokens[:, :, :-1], tokens[:, :, -1:]
        updated = layer(cells.flatten(1, 2), self._seen).unflatten(1, (self.rows, self.columns))
        read: Tensor = torch.cat([updated, ends], dim=2).to(hidden.dtype)
        return hidden.masked_scatter(is_visual, read)


class _Hook:
    """Runs an aggregator on what a layer of the language model gives."""

    def __init__(self, reader: InLanguageModel, layer: nn.Module) -> None:
        self.reader, self.layer = reader, layer

    def __call__(self, module: nn.Module, arguments: Any, output: Any) -> Any:
        del module, arguments
        if isinstance(output, Tensor):
            return self.reader.read(self.layer, output)
        return (self.reader.read(self.layer, output[0]), *output[1:])


def decoder_layers(language_model: nn.Module) -> nn.ModuleList:
    """The layers of a language model of transformers, in their order.

    Raises:
        ValueError: none are found.
    """
    config: Any = language_model.config
    wanted = config.get_text_config().num_hidden_layers
    for module in language_model.modules():
        if isinstance(module, nn.ModuleList) and len(module) == wanted:
            return module
    raise ValueError(
        f"no list of {wanted} layers in {type(language_model).__name__}; aggregators in the "
        "language model need one."
    )
