"""Scenes: what is told is what is painted."""

from __future__ import annotations

import re

import numpy as np

from datakit.demo.scene_painting import paint_scene
from datakit.demo.scene_telling import describe, questions_about, talk
from datakit.demo.scenes import invent_scene
from datakit.demo.seeding import chooser
from datakit.demo.words import rgb, words


def test_captions_are_whole_paragraphs() -> None:
    for index in range(200):
        caption = describe(invent_scene(2, index), chooser(2, "test", index))
        assert "{" not in caption and "  " not in caption
        assert len(caption.split()) > 40
        assert re.search(r"\ba [aeio]", caption) is None
        assert all(sentence[0].isupper() for sentence in caption.split(". "))


def test_counts_are_those_of_the_scene() -> None:
    numbers, ask = words()["scenes"]["numbers"], words()["scenes"]["questions"]
    for index in range(100):
        scene = invent_scene(2, index)
        answers = dict(questions_about(scene, chooser(2, "test", index)))
        for thing, found in (("balls", scene.balls), ("trees", scene.trees)):
            (answer,) = (answers[one] for one in ask[f"count_{thing}"] if one in answers)
            assert numbers[len(found)] in answer.split()


def test_balls_are_painted_from_left_to_right_in_their_colours() -> None:
    for index in range(12):
        scene = invent_scene(2, index)
        pixels = np.asarray(paint_scene(scene, 2, index)).astype(float)  # H W C
        for ball in scene.balls:
            radius_px = ball.size * min(scene.width_px, scene.height_px) / 2
            x = round(ball.x * scene.width_px)
            y = round(ball.y * scene.height_px - radius_px)
            seen = pixels[y - 2 : y + 3, x - 2 : x + 3].mean(axis=(0, 1))
            assert np.argmax(seen) == np.argmax(rgb(ball.colour))
        assert [ball.x for ball in scene.balls] == sorted(ball.x for ball in scene.balls)


def test_the_sky_is_brightest_where_the_sun_is_said_to_be() -> None:
    tried = 0
    for index in range(40):
        scene = invent_scene(2, index)
        if scene.sun is None or scene.clouds:
            continue
        sky = np.asarray(paint_scene(scene, 2, index))[: scene.height_px // 3].sum(axis=(0, 2))
        left, right = np.array_split(sky.astype(float), 2)
        assert (right.mean() > left.mean()) == (scene.sun_side == "right")
        tried += 1
    assert tried


def test_talks_have_no_blanks() -> None:
    for index in range(60):
        for turn in talk(2, index):
            assert all("{" not in value for value in turn)
