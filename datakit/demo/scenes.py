"""What a scene holds, before it is painted or told."""

from __future__ import annotations

import random
from dataclasses import dataclass

from datakit.demo.seeding import chooser
from datakit.demo.words import words

SIZES_PX = ((448, 336), (448, 320), (384, 384), (336, 448), (400, 300))
HORIZON = 0.52


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A house; `x` is its middle as a share of the width, `size` its width likewise."""

    x: float
    size: float
    wall: str
    roof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A tree; `x` and `y` are its foot as shares of width and height, `size` its height."""

    x: float
    y: float
    size: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ball:
    """A ball; `x` and `y` are where it touches the ground, `size` its diameter, as shares."""

    x: float
    y: float
    size: float
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A landscape: everything that is painted, and that can be asked about.

    Attributes:
        sun: where the sun stands as a share of the width, or None when it is hidden.
        clouds: where clouds float, as shares of width and height.
        houses: from left to right; trees and balls likewise.
        kind: of all the trees: leafy or pine.
    """

    width_px: int
    height_px: int
    sky: str
    ground: str
    sun: float | None
    clouds: tuple[tuple[float, float], ...]
    houses: tuple[House, ...]
    trees: tuple[Tree, ...]
    kind: str
    balls: tuple[Ball, ...]

    @property
    def sun_side(self) -> str:
        """Left or right; left also where the light has no visible source."""
        return "right" if self.sun is not None and self.sun > 0.5 else "left"


def invent_scene(seed: int, index: int) -> Scene:
    """Invents scene number `index`."""
    names, choose = words()["scenes"], chooser(seed, "scene", index)
    width_px, height_px = choose.choice(SIZES_PX)
    sky = choose.choice(list(names["skies"]))
    houses, trees = _place_houses_and_trees(choose)
    side = choose.choice([choose.uniform(0.1, 0.3), choose.uniform(0.7, 0.9)])
    clouds = [
        (slot / 4 + choose.uniform(0.08, 0.17), choose.uniform(0.07, 0.27))
        for slot in choose.sample(range(4), choose.choice([0, 1, 2, 2, 3]))
    ]
    return Scene(
        width_px=width_px,
        height_px=height_px,
        sky=sky,
        ground=choose.choice(list(names["grounds"])),
        sun=None if sky == "on a misty morning" else side,
        clouds=tuple(clouds),
        houses=houses,
        trees=trees,
        kind=choose.choice(names["trees"]),
        balls=_place_balls(choose),
    )


def _place_houses_and_trees(
    choose: random.Random,
) -> tuple[tuple[House, ...], tuple[Tree, ...]]:
    """Gives each house and tree a slot of its own, so that all can be counted."""
    names = words()["scenes"]
    num_houses = choose.choice([0, 1, 1, 2])
    num_trees = choose.choice([1, 2, 3, 3, 4])
    slots = choose.sample(range(6), num_houses + num_trees)
    walls = choose.sample(list(names["walls"]), num_houses)
    houses = [
        House(
            x=(slot + 0.5) / 6 + choose.uniform(-0.01, 0.01),
            size=choose.uniform(0.125, 0.15),
            wall=wall,
            roof=choose.choice([roof for roof in names["roofs"] if roof != wall]),
        )
        for slot, wall in zip(sorted(slots[:num_houses]), walls, strict=True)
    ]
    trees = [
        Tree(
            x=(slot + 0.5) / 6 + choose.uniform(-0.02, 0.02),
            y=HORIZON + choose.uniform(0.07, 0.16),
            size=choose.uniform(0.24, 0.34),
        )
        for slot in sorted(slots[num_houses:])
    ]
    return tuple(houses), tuple(trees)


def _place_balls(choose: random.Random) -> tuple[Ball, ...]:
    names = words()["scenes"]
    count = choose.choice([1, 2, 2, 3, 3, 4])
    colours = choose.sample(names["balls"], count)
    return tuple(
        Ball(
            x=(slot + 0.5) / 5 + choose.uniform(-0.03, 0.03),
            y=choose.uniform(0.8, 0.94),
            size=choose.uniform(0.09, 0.14),
            colour=colour,
        )
        for slot, colour in zip(sorted(choose.sample(range(5), count)), colours, strict=True)
    )
