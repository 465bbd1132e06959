# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "llamafactory==0.9.5",
#   "torch==2.11.0",  # torchaudio, which it imports, has no release for a later one
# ]
# ///
"""LLaMA-Factory's own loader reads an export: `get_dataset`, as its trainer calls it.

python read_llamafactory.py EXPORT REPORT
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
from llamafactory.hparams import get_train_args
from llamafactory.model import load_tokenizer
from read_back import read_back
from tiny_qwen2_vl import MAX_TOKENS, write_tiny_qwen2_vl

PACKAGES = ("llamafactory", "transformers", "datasets", "torch")


def main(export: Path, report: Path) -> None:
    with TemporaryDirectory() as temporary:
        model = write_tiny_qwen2_vl(Path(temporary) / "model")
        arguments = {
            "stage": "sft",
            "do_train": True,
            "model_name_or_path": str(model),
            "template": "qwen2_vl",
            "dataset": ",".join(json.loads((export / "dataset_info.json").read_text())),
            "dataset_dir": str(export),
            "output_dir": str(Path(temporary) / "out"),
            "cutoff_len": MAX_TOKENS,
            "cache_dir": str(Path(temporary) / "cache"),
            "use_cpu": True,
            "report_to": "none",
        }
        model_args, data_args, training_args, _, _ = get_train_args(arguments)
        loaded = load_tokenizer(model_args)
        tokenizer = loaded["tokenizer"]
        template = get_template_and_fix_tokenizer(tokenizer, data_args)
        rows = get_dataset(template, model_args, data_args, training_args, "sft", **loaded)
        samples = [
            read_back(tokenizer, row["input_ids"], row["labels"], row["images"] or [])
            for row in rows["train_dataset"]
        ]
    versions = {name: version(name) for name in PACKAGES}
    report.write_text(json.dumps({"versions": versions, "samples": samples}))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]))
