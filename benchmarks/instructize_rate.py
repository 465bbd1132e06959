"""Text-only instructization beside a plain loop of `str.format` and `json.dumps`.

    python benchmarks/instructize_rate.py [--samples 20000] [--rounds 7]

Both turn the same records (five questions on one image, each with a template and one prompt for the
answer's form) into the JSON of a sample, in one process. The plain loop has one template, no
sandbox, no draw, no checks and no provenance: what a script that one writes in ten minutes does.
Then, what each part of datakit's time goes to.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import orjson

from datakit.geometry import View
from datakit.instructize import (
    Instructions,
    Instructor,
    Part,
    RenderedConversation,
    converse,
    load_response_formats,
    load_template_set,
    template_folders,
)
from datakit.instructize.turns import _Draws
from datakit.record import Provenance, Sample
from datakit.shards.sample_json import encode_sample

TURNS = 5
QUESTIONS = (
    "What is the highest value shown in the chart?",
    "Which year has the lowest share of respondents?",
    "How many colours are used in the chart?",
    "Is the value of the red line in 2010 above that of the blue line?",
    "What is the difference between the first and the last bar?",
)
ANSWERS = ("52.4", "2009", "4", "Yes", "11")

Records = list[list[dict[str, Any]]]


def make_records(samples: int) -> Records:
    """Payloads as they come out of the spool, a list a sample."""
    return [
        [
            {
                "question": f"{QUESTIONS[turn]} ({number})",
                "answer": ANSWERS[turn],
                "answers": [],
                "context": "",
                "rationale": "",
            }
            for turn in range(TURNS)
        ]
        for number in range(samples)
    ]


def plain_loop(records: Records) -> int:
    """What a script would do."""
    size = 0
    prompt = "Answer the question using a single number or phrase."
    for number, sample in enumerate(records):
        messages = []
        for turn, fields in enumerate(sample):
            user = "According to the chart: {question}".format(**fields)
            if turn == 0:
                user = f"<image>\n{user}\n{prompt}"
            messages.append({"role": "user", "content": user})
            messages.append({"role": "assistant", "content": "{answer}".format(**fields)})
        size += len(json.dumps({"id": f"chartqa-{number:016x}", "messages": messages}))
    return size


def parts_of(who: Instructor, sample: list[dict[str, Any]]) -> list[Part]:
    """A sample's records as `converse` takes them."""
    return [
        Part(instructor=who, record_id=str(turn), payload=fields)
        for turn, fields in enumerate(sample)
    ]


def as_sample(key: str, made: RenderedConversation) -> Sample:
    """The sample that is written for a conversation."""
    return Sample(
        id=key,
        source="chartqa",
        dataset="chartqa",
        task="vqa-open",
        messages=made.messages,
        images=("png",),
        image_sha256=("0" * 64,),
        objects=made.objects,
        provenance=Provenance(license="GPL-3.0", repeat=0, turns=made.turns),
    )


def make_instructor(diversity: Any) -> Instructor:
    """ChartQA's shipped set with its own prompt."""
    return Instructor(
        Instructions(
            source="chartqa",
            set_name="fine/chartqa",
            templates=load_template_set("fine/chartqa", template_folders()),
            seed=0,
            diversity=diversity,
            inversion_share=0.3 if diversity == "multi+inversion" else 0.0,
            response_format=load_response_formats().get("number-or-phrase"),
        )
    )


def datakit_loop(records: Records, who: Instructor) -> int:
    """What a build does with the same records, files and images aside."""
    size = 0
    for number, sample in enumerate(records):
        key = f"chartqa-{number:016x}"
        made = converse(key, parts_of(who, sample), [View((640, 480))])
        size += len(encode_sample(as_sample(key, made)))
    return size


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def breakdown(records: Records, who: Instructor) -> list[tuple[str, float]]:
    """Seconds of each part, each timed by itself over all samples."""
    keys = [f"chartqa-{number:016x}" for number in range(len(records))]
    made = [
        converse(key, parts_of(who, sample), [View((640, 480))])
        for key, sample in zip(keys, records, strict=True)
    ]
    samples = [as_sample(key, one) for key, one in zip(keys, made, strict=True)]

    def draw() -> None:
        for key, sample in zip(keys, records, strict=True):
            who._draws = _Draws(who.instructions, key)
            for turn, fields in enumerate(sample):
                who._draw(turn, fields)

    def turns() -> None:
        for key, sample in zip(keys, records, strict=True):
            before = None
            for turn, part in enumerate(parts_of(who, sample)):
                before = who.turns(key, turn, part, [View((640, 480))], before)[-1]

    def whole() -> None:
        for key, sample in zip(keys, records, strict=True):
            converse(key, parts_of(who, sample), [View((640, 480))])

    drawing, turning, all_of_it = seconds(draw), seconds(turns), seconds(whole)
    return [
        ("drawing templates by a stable hash", drawing),
        ("sandboxed templates, provenance of turns", turning - drawing),
        ("images, prompts, checks, answer forms", all_of_it - turning),
        ("JSON of the sample", seconds(lambda: [encode_sample(one) for one in samples])),
    ]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--samples", type=int, default=20_000)
    arguments.add_argument("--rounds", type=int, default=7)
    given = arguments.parse_args()
    records = make_records(given.samples)
    print(
        f"Python {platform.python_version()}, orjson {orjson.__version__}, {sys.platform}, "
        f"{given.samples:,} samples of {TURNS} turns, {given.rounds} rounds in turn"
    )
    names = ["single", "multi", "multi+inversion"]
    who = {name: make_instructor(name) for name in names}
    times: dict[str, list[float]] = {name: [] for name in ("plain", *names)}
    for _ in range(given.rounds):
        times["plain"].append(seconds(lambda: plain_loop(records)))
        for name in names:
            times[name].append(seconds(lambda: datakit_loop(records, who[name])))  # noqa: B023
    print(f"\n{'':24}{'samples/s a core':>18}{'turns/s a core':>16}{'time / plain loop':>20}")
    for name, taken in times.items():
        median = statistics.median(taken)
        ratios = [one / plain for one, plain in zip(taken, times["plain"], strict=True)]
        rate = given.samples / median
        print(f"{name:24}{rate:>18,.0f}{TURNS * rate:>16,.0f}{statistics.median(ratios):>20.2f}")
    parts = breakdown(records, who["multi"])
    total = sum(part for _, part in parts)
    print("\nwhat `multi` spends its time on (each part timed by itself)")
    for name, taken_by in parts:
        print(f"  {name:44}{taken_by / total:>6.0%}")


if __name__ == "__main__":
    main()
