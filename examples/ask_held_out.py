"""Asks a trained model one question about a demo chart that it was not trained on.

    python examples/ask_held_out.py RAW MODEL

RAW is a folder that `datakit demo` wrote, MODEL a folder RUN/<stage>/model of `trainer fit`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import trainer


def main(raw: Path, model: Path) -> None:
    """Prints the question, the model's answer and the true one."""
    charts = raw / "ChartQA Dataset" / "val"
    row = json.loads((charts / "val_human.json").read_text(encoding="utf-8"))[0]
    image = charts / "png" / row["imgname"]
    prompt = f"{row['query']}\nAnswer the question using a single number or phrase."
    answer = trainer.ChatSession(model, [image]).say(prompt, max_new_tokens=16)
    print(f"image     {image}")
    print(f"question  {row['query']}")
    print(f"model     {answer}")
    print(f"truth     {row['label']}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
