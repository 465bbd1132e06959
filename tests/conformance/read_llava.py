# /// script
# requires-python = ">=3.11"
# dependencies = ["pillow"]
# ///
"""LLaVA's rules for its JSON, re-stated: PyPI has no LLaVA (`llava` there has no files).

python read_llava.py EXPORT REPORT

Of `LazySupervisedDataset` in LLaVA 1.5 and LLaVA-NeXT, `llava/train/train.py`: the file is one JSON
list; speakers are looked up among `human` and `gpt`, and alternate from `human` on; `image` is
opened under `--image_folder`, in LLaVA-NeXT each of a list; its place is `<image>` in a human turn;
the text between two turns is split at `</s>` and at ` ASSISTANT: `, each once a turn.
"""

import json
import sys
from pathlib import Path

from PIL import Image

ROLES = {"human": "user", "gpt": "assistant"}
SEPARATORS = ("</s>", " ASSISTANT: ")


def main(export: Path, report: Path) -> None:
    samples = [
        sample_of(row, export)
        for file in sorted(export.glob("*.json"))
        if file.name != "export.json"
        for row in json.loads(file.read_text(encoding="utf-8"))
    ]
    report.write_text(json.dumps({"versions": {"LLaVA's rules": "1.5, NeXT"}, "samples": samples}))


def sample_of(row: dict, folder: Path) -> dict:
    """One row, read as LLaVA reads it; a row that it would fail at or learn nothing of, fails."""
    turns = row["conversations"]
    assert turns and len(turns) % 2 == 0, row
    messages = []
    for number, turn in enumerate(turns):
        role = ROLES[turn["from"]]
        assert role == ("user", "assistant")[number % 2], row
        assert not any(separator in turn["value"] for separator in SEPARATORS), row
        messages.append({"role": role, "content": turn["value"]})
    names = row.get("image", [])
    names = [names] if isinstance(names, str) else names
    for name in names:
        Image.open(folder / name).convert("RGB")
    human = "".join(message["content"] for message in messages[::2])
    both = human + "".join(message["content"] for message in messages[1::2])
    assert human.count("<image>") == both.count("<image>") == len(names), row
    return {
        "key": row["id"],
        "messages": messages,
        "trained": [message["content"] for message in messages[1::2]],
        "images": [Path(name).stem for name in names],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
