"""The weights that a stage starts from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from datakit.errors import UsageError
from trainer.errors import TrainingError
from trainer.model.build import ModelAndProcessor, build_model, load_model, load_processor
from trainer.model.modeling import EncoderMixtureForConditionalGeneration
from trainer.training.jobs import Job


def model_folder(out: Path, job: str) -> Path:
    """Where the model of a stage, or of an encoder's share of it, is."""
    return out / job / "model"


def check_starts(jobs: Sequence[Job], out: Path) -> None:
    """Checks that what each job starts from is there, or comes before it.

    Raises:
        UsageError: it is not; the job to run first is named.
    """
    done: set[str] = set()
    for job in jobs:
        for name in job.starts_from:
            if name not in done and not model_folder(out, name).is_dir():
                raise UsageError(
                    f"stage {job.name!r} starts from {name!r}, and there is no "
                    f"{model_folder(out, name)}. Run `--stage {name}` first."
                )
        done.add(job.name)


def starting_model(
    job: Job, tokenizer: PreTrainedTokenizerBase, *, seed: int, out: Path
) -> ModelAndProcessor:
    """The model with which a job starts.

    That of another stage; or the recipe's own first weights, its encoders as an earlier stage with
    `each_encoder` has left them. The projectors of that stage are not used again.

    Raises:
        UsageError: weights that the recipe names cannot be loaded.
        TrainingError: those that another job has left do not fit, or cannot be read.
    """
    if job.stage.from_stage is not None:
        folder = model_folder(out, job.stage.from_stage)
        return ModelAndProcessor(load_model(folder), load_processor(folder))
    built = build_model(job.model, tokenizer, seed=seed)
    if job.experts_of is not None:
        take_experts(built.model, out / job.experts_of)
    return built


def take_experts(model: EncoderMixtureForConditionalGeneration, folder: Path) -> None:
    """Gives every encoder the weights that it has after a stage with `each_encoder`.

    Args:
        folder: of that stage, with a folder of each encoder's name.

    Raises:
        TrainingError: tensors cannot be read, or are missing or left over; they are listed.
    """
    for name, encoder in model.encoders.items():
        source = folder / name / "model"
        try:
            weights = dict(_tensors(source, prefix=f"encoders.{name}."))
            encoder.load_state_dict(weights)
        except (OSError, RuntimeError, SafetensorError) as error:
            raise TrainingError(
                f"encoder {name!r} cannot be taken from {source}: {error}"
            ) from error


def _tensors(folder: Path, *, prefix: str) -> Iterator[tuple[str, Tensor]]:
    """The tensors of a saved model below a module, without its name."""
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118 - it cannot be iterated over
                if name.startswith(prefix):
                    yield name.removeprefix(prefix), file.get_tensor(name)
