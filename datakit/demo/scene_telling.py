"""Tells what a scene shows: a caption, questions with answers, and talks without a picture."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from datakit.demo.scenes import Scene
from datakit.demo.seeding import chooser
from datakit.demo.words import words

Turn = tuple[str, str]


def _phrase(choose: random.Random, phrasings: Sequence[str], **blanks: str) -> str:
    text = choose.choice(phrasings).format(**blanks)
    return text[0].upper() + text[1:]


def _number(count: int) -> str:
    return words()["scenes"]["numbers"][count]


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _plural(count: int, one: str, many: str) -> str:
    return one if count == 1 else many


def _one(colour: str) -> str:
    return f"{'an' if colour[0] in 'aeiou' else 'a'} {colour} one"


def _other(side: str) -> str:
    return "left" if side == "right" else "right"


def describe(scene: Scene, choose: random.Random) -> str:
    """A paragraph about the whole scene, from the sky down to the foreground."""
    captions = words()["scenes"]["captions"]
    opening = _phrase(choose, captions["openings"], ground=scene.ground, sky=scene.sky)
    sentences = [opening, *_tell_sky(scene, choose), _phrase(choose, captions["hills"])]
    sentences += [*_tell_things(scene, choose), _phrase(choose, captions["endings"])]
    return " ".join(sentences)


def _tell_sky(scene: Scene, choose: random.Random) -> Iterator[str]:
    captions = words()["scenes"]["captions"]
    if scene.sun is None:
        yield _phrase(choose, captions["hidden_sun"])
    else:
        side = scene.sun_side
        yield _phrase(choose, captions["sun"], side=side, other=_other(side))
    if not scene.clouds:
        yield _phrase(choose, captions["no_clouds"])
        return
    count = len(scene.clouds)
    yield _phrase(
        choose,
        captions["clouds"],
        count=_number(count),
        cloud=_plural(count, "cloud drifts", "clouds drift"),
    )


def _tell_things(scene: Scene, choose: random.Random) -> Iterator[str]:
    """Houses, trees and balls, each with their number."""
    captions = words()["scenes"]["captions"]
    if scene.houses:
        count = len(scene.houses)
        walls = [f"a {house.wall} one with a {house.roof} roof" for house in scene.houses]
        yield _phrase(
            choose,
            captions["houses"],
            count=_number(count),
            house=_plural(count, "house stands", "houses stand"),
            plain_house=_plural(count, "house", "houses"),
            stand=_plural(count, "stands", "stand"),
            list=_listed(walls),
        )
    count = len(scene.trees)
    yield _phrase(
        choose,
        captions["trees"],
        count=_number(count),
        kind=scene.kind,
        tree=_plural(count, "tree", "trees"),
        grow=_plural(count, "grows", "grow"),
        are=_plural(count, "is", "are"),
    )
    count = len(scene.balls)
    yield _phrase(
        choose,
        captions["one_ball"] if count == 1 else captions["balls"],
        count=_number(count),
        one=_one(scene.balls[0].colour).removesuffix(" one"),
        list=_listed([_one(ball.colour) for ball in scene.balls]),
    )


def questions_about(scene: Scene, choose: random.Random) -> list[Turn]:
    """Every question that the scene allows, with its answer, in a random order."""
    turns = [*_counts(scene, choose), *_places(scene, choose)]
    choose.shuffle(turns)
    return turns


def _counts(scene: Scene, choose: random.Random) -> Iterator[Turn]:
    names = words()["scenes"]
    things = {"ball": scene.balls, "tree": scene.trees, "house": scene.houses}
    for thing, found in things.items():
        count = len(found)
        answer = _phrase(
            choose,
            names["answers"]["count"],
            count=_number(count),
            things=_plural(count, thing, f"{thing}s"),
            are=_plural(count, "is", "are"),
        )
        yield choose.choice(names["questions"][f"count_{thing}s"]), answer


def _places(scene: Scene, choose: random.Random) -> Iterator[Turn]:
    """Colours, sides and the ground."""
    ask, answers = words()["scenes"]["questions"], words()["scenes"]["answers"]

    def colour(of: str, name: str) -> str:
        return _phrase(choose, answers["colour"], colour=name, thing=of)

    if len(scene.balls) > 1:
        for place, ball in (("leftmost", scene.balls[0]), ("rightmost", scene.balls[-1])):
            yield choose.choice(ask[place]), colour(f"{place} ball", ball.colour)
        one, two = choose.sample(range(len(scene.balls)), 2)
        pair = {"one": scene.balls[one].colour, "two": scene.balls[two].colour}
        side = "left" if one < two else "right"
        yield (
            _phrase(choose, ask["side"], **pair),
            _phrase(choose, answers["side"], side=side, **pair),
        )
    for house in scene.houses:
        yield _phrase(choose, ask["roof"], wall=house.wall), colour("roof", house.roof)
    if scene.sun is not None:
        answer = _phrase(choose, answers["sun"], side=scene.sun_side)
        yield choose.choice(ask["sun"]), answer
    yield choose.choice(ask["ground"]), _phrase(choose, answers["ground"], ground=scene.ground)


def tell_scene(scene: Scene, seed: int, index: int) -> list[Turn]:
    """The turns of a conversation: a caption, a caption with questions, or questions alone."""
    choose = chooser(seed, "telling", index)
    request = choose.choice(words()["scenes"]["captions"]["requests"])
    caption = (request, describe(scene, choose))
    questions = questions_about(scene, choose)
    form = choose.choice(["caption", "caption", "both", "both", "questions"])
    if form == "caption":
        return [caption]
    asked = questions[: choose.randint(1, 3)]
    return [caption, *asked] if form == "both" else asked


def talk(seed: int, index: int) -> list[Turn]:
    """A short conversation that needs no picture."""
    choose, names = chooser(seed, "talk", index), words()
    count = 2 * choose.randint(8, 30)
    blanks = {
        "n": str(count),
        "product": str(12 * count),
        "half": str(6 * count),
        "spare": str(count - 10),
        "name": choose.choice(names["documents"]["first_names"]),
        "city": choose.choice(names["documents"]["cities"]),
    }
    pattern = choose.choice(names["scenes"]["talks"])
    return [(ask.format(**blanks), answer.format(**blanks)) for ask, answer in pattern]
