"""Paints scenes: sky, hills, ground, houses, trees and balls, lit from one side."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from datakit.demo.scenes import HORIZON, Ball, House, Scene, Tree
from datakit.demo.seeding import chooser, noise
from datakit.demo.words import Rgb, rgb, words

# H W are the picture's pixels, C is RGB; colours are floats from 0 to 255 until the end.
Pixels = npt.NDArray[np.floating]

SCALE = 2


def paint_scene(scene: Scene, seed: int, index: int) -> Image.Image:
    """Paints a scene; the grain and the shape of hills and leaves come from the seed."""
    painter = _Painter(scene, chooser(seed, "painting", index), noise(seed, "grain", index))
    painter.backdrop()
    for house in scene.houses:
        painter.house(house)
    for tree in sorted(scene.trees, key=lambda tree: tree.y):
        painter.tree(tree)
    for ball in sorted(scene.balls, key=lambda ball: ball.y):
        painter.ball(ball)
    return painter.finish()


def _colour(channels: Sequence[float], light: float = 1.0) -> Rgb:
    red, green, blue = (min(255, max(0, round(channel * light))) for channel in channels)
    return red, green, blue


def _blend(one: Sequence[float], two: Sequence[float], share: float) -> Rgb:
    """`share` of the second colour, the rest of the first."""
    return _colour([a + (b - a) * share for a, b in zip(one, two, strict=True)])


class _Painter:
    def __init__(self, scene: Scene, choose: random.Random, grain: np.random.Generator) -> None:
        self.scene, self.choose, self.grain = scene, choose, grain
        self.width, self.height = scene.width_px * SCALE, scene.height_px * SCALE
        self.horizon = round(self.height * HORIZON)
        self.sky = words()["scenes"]["skies"][scene.sky]
        self.ground = words()["scenes"]["grounds"][scene.ground]
        self.light = self.sky["ambience"]
        self.away = -1 if scene.sun_side == "right" else 1  # the way that shadows fall
        self.image = Image.new("RGB", (self.width, self.height))

    def backdrop(self) -> None:
        """Sky with sun and clouds, ridges of hills, and the ground."""
        self.image = Image.fromarray(self._sky().round().clip(0, 255).astype(np.uint8))
        self._clouds()
        for ridge in range(3):
            self._hills(ridge)
        self._ground()

    def _sky(self) -> Pixels:
        zenith = np.array(self.sky["zenith"], np.float32)
        horizon = np.array(self.sky["horizon"], np.float32)
        share = np.linspace(0, 1, self.height, dtype=np.float32)[:, None, None] / HORIZON  # H 1 1
        pixels = zenith + (horizon - zenith) * share.clip(0, 1) ** 1.2
        pixels = np.repeat(pixels, self.width, axis=1)  # H W C
        if self.scene.sun is None:
            return pixels
        y, x = np.mgrid[: self.height, : self.width].astype(np.float32)
        height = 0.4 if self.scene.sky == "at sunset" else 0.16
        across, down = x - self.scene.sun * self.width, y - height * self.height
        distance = np.sqrt(across**2 + down**2) / self.height  # H W
        glow = 0.6 * np.exp(-distance / 0.11) + ((0.052 - distance) * 150).clip(0, 1)
        light = np.array(self.sky["light"], np.float32)
        lit: Pixels = pixels + (light - pixels) * glow.clip(0, 1)[:, :, None]
        return lit

    def _clouds(self) -> None:
        mask = Image.new("L", self.image.size)
        draw = ImageDraw.Draw(mask)
        for x, y in self.scene.clouds:
            width = self.width * self.choose.uniform(0.07, 0.1)
            for puff in range(9):
                across = (puff / 8 - 0.5) * 2
                radius = width * self.choose.uniform(0.28, 0.5) * (1.1 - abs(across) * 0.6)
                left = x * self.width + across * width * 0.8
                top = y * self.height - radius * 0.4
                box = (left - radius, top - radius * 0.62, left + radius, top + radius * 0.5)
                draw.ellipse(box, self.choose.randint(150, 215))
        mask = mask.filter(ImageFilter.GaussianBlur(self.width / 130))
        tint = _blend(self.sky["light"], (255, 255, 255), 0.55)
        self.image.paste(tint, (0, 0), mask)

    def _hills(self, ridge: int) -> None:
        """One ridge; the nearer, the lower and the less hidden by haze."""
        x = np.arange(0, self.width + 8, 8)
        top = np.full(x.shape, self.horizon - self.height * (0.1 - 0.035 * ridge))
        for waves in (1.3, 2.9, 6.1):
            phase, size = self.choose.uniform(0, 6.28), self.choose.uniform(0.5, 1)
            wave = np.sin(x / self.width * waves * 6.28 + phase)
            top -= wave * self.height * 0.025 * size / waves
        points = [(int(a), round(float(b))) for a, b in zip(x, top, strict=True)]
        haze = 0.7 - 0.2 * ridge
        colour = _blend((76, 104, 96), self.sky["horizon"], haze)
        outline = [(0, self.horizon + 4), *points, (self.width, self.horizon + 4)]
        ImageDraw.Draw(self.image).polygon(outline, colour)

    def _ground(self) -> None:
        height = self.height - self.horizon
        near = np.array(self.ground["near"], np.float32)
        far = np.array(self.ground["far"], np.float32)
        share = np.linspace(0, 1, height, dtype=np.float32)[:, None, None] ** 0.8
        pixels = (far + (near - far) * share) * self.light
        texture = self.grain.normal(0, 1, (height, self.width)).astype(np.float32)
        broad = self.grain.normal(0, 1, (height // 24 + 2, self.width // 80 + 2))
        patches = Image.fromarray(broad.astype(np.float32)).resize(
            (self.width, height), Image.Resampling.BICUBIC
        )
        rough = texture * 9 * (0.3 + share[:, :, 0]) + np.asarray(patches) * 5  # H W
        pixels = pixels + rough[:, :, None]
        ground = Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8))
        self.image.paste(ground, (0, self.horizon))

    def _shadow(self, x: float, y: float, length: float, thickness: float) -> None:
        """A soft patch on the ground, from a foot away from the sun."""
        reach = self.away * length if self.scene.sun is not None else 0
        left, right = sorted((x - self.away * thickness, x + reach + self.away * thickness))
        # Only as large as the patch: blurring the whole picture is slow.
        margin = round(thickness / 2) + 8
        size = (round(right - left) + 2 * margin, round(thickness) + 2 * margin)
        mask = Image.new("L", size)
        ellipse = (margin, margin, size[0] - margin, size[1] - margin)
        ImageDraw.Draw(mask).ellipse(ellipse, 120 if self.scene.sun is not None else 80)
        soft = mask.filter(ImageFilter.GaussianBlur(max(2, thickness / 6)))
        shade = _blend(self.ground["near"], (24, 30, 52), 0.75)
        self.image.paste(shade, (round(left) - margin, round(y - thickness / 2) - margin), soft)

    def house(self, house: House) -> None:
        """Walls, a gable roof, a door, two windows and a chimney."""
        draw = ImageDraw.Draw(self.image)
        width, names = house.size * self.width, words()["scenes"]
        left, base = house.x * self.width - width / 2, self.horizon + self.height * 0.045
        top, roof_px = base - width * 0.62, width * 0.42
        self._shadow(left + width / 2 + self.away * width * 0.3, base, width * 0.5, width * 0.16)
        wall, roof = names["walls"][house.wall], names["roofs"][house.roof]
        chimney = left + width * 0.7
        brick = _colour((132, 84, 70), self.light)
        draw.rectangle((chimney, top - roof_px * 0.95, chimney + width * 0.1, top), brick)
        draw.rectangle((left, top, left + width, base), _colour(wall, self.light))
        dark = left if self.away < 0 else left + width * 0.78
        shade = _colour(wall, self.light * 0.86)
        draw.rectangle((dark, top, dark + width * 0.22, base), shade)
        eaves, peak = width * 0.08, (left + width / 2, top - roof_px)
        gable = [(left - eaves, top), peak, (left + width + eaves, top)]
        draw.polygon(gable, _colour(roof, self.light))
        door = left + width * 0.42
        wood = _colour((92, 62, 44), self.light)
        draw.rectangle((door, base - width * 0.32, door + width * 0.17, base), wood)
        for x in (left + width * 0.13, left + width * 0.7):
            pane = (x, top + width * 0.14, x + width * 0.17, top + width * 0.32)
            glow = (252, 222, 140) if self.scene.sky == "at sunset" else (120, 152, 178)
            draw.rectangle(pane, glow, (250, 250, 246), SCALE)

    def tree(self, tree: Tree) -> None:
        """A trunk, and a crown of leaves or tiers of needles."""
        x, base, size = (
            tree.x * self.width,
            tree.y * self.height,
            tree.size * min(self.width, self.height),
        )
        self._shadow(x + self.away * size * 0.1, base, size * 0.4, size * 0.14)
        draw, trunk = ImageDraw.Draw(self.image), size * 0.035
        bark = _colour((98, 72, 52), self.light)
        draw.rectangle((x - trunk, base - size * 0.5, x + trunk, base), bark)
        if self.scene.kind == "leafy":
            self._crown(draw, x, base - size * 0.66, size)
            return
        for tier in range(4):
            bottom, width = base - size * (0.14 + 0.2 * tier), size * (0.25 - 0.05 * tier)
            for side, light in ((-self.away, 1.12), (self.away, 0.8)):
                corner = (x + side * width, bottom + size * 0.01)
                points = [(x, bottom - size * 0.27), corner, (x, bottom + size * 0.03)]
                draw.polygon(points, _colour((44, 96, 70), light * self.light))

    def _crown(self, draw: ImageDraw.ImageDraw, x: float, y: float, size: float) -> None:
        """Clumps of leaves from the shaded side to the lit one."""
        for layer in range(70):
            lit = layer / 69
            spread = size * 0.19
            across, down = self.choose.gauss(0, 0.52), self.choose.gauss(0, 0.52)
            norm = max(1.0, (across**2 + down**2) ** 0.5)
            left = x + (across / norm - self.away * lit * 0.25) * spread
            top = y + (down / norm - lit * 0.25 + 0.12) * spread * 1.15
            radius = size * self.choose.uniform(0.035, 0.085) * (1.25 - 0.6 * lit)
            leaf = _blend((38, 84, 44), (128, 172, 72), lit * self.choose.uniform(0.6, 1))
            box = (left - radius, top - radius, left + radius, top + radius)
            draw.ellipse(box, _colour(leaf, self.light))

    def ball(self, ball: Ball) -> None:
        """A sphere, lit by a lamp in the sun's direction, with a highlight."""
        radius = ball.size * min(self.width, self.height) / 2
        x, base = ball.x * self.width, ball.y * self.height
        self._shadow(x + self.away * radius * 0.4, base, radius * 1.1, radius * 0.75)
        size = round(radius * 2)
        down, across = (np.mgrid[:size, :size].astype(np.float32) + 0.5 - radius) / radius  # H W
        depth = np.sqrt((1 - across**2 - down**2).clip(0, 1))
        direction = np.array((-0.55 * self.away, -0.62, 0.56), np.float32)
        lit = (across * direction[0] + down * direction[1] + depth * direction[2]).clip(0, 1)
        body = np.array(rgb(ball.colour), np.float32) * (0.42 + 0.72 * lit[:, :, None])
        pixels = body * self.light + 190 * (lit**28)[:, :, None]  # H W C
        edge = ((1 - np.sqrt(across**2 + down**2)) * radius).clip(0, 1)
        sphere = Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8))
        mask = Image.fromarray((edge * 255).round().astype(np.uint8))
        self.image.paste(sphere, (round(x - radius), round(base - 2 * radius)), mask)

    def finish(self) -> Image.Image:
        """Scales down, then adds the lens: a vignette, a cast of light and grain."""
        small = self.image.resize(
            (self.scene.width_px, self.scene.height_px), Image.Resampling.LANCZOS
        )
        pixels: Pixels = np.asarray(small, np.float32)  # H W C
        height, width = pixels.shape[:2]
        y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
        x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
        vignette = (1 - 0.09 * (x**2 + y**2))[:, :, None]
        cast = 0.9 + 0.1 * np.array(self.sky["light"], np.float32) / 255
        grain = self.grain.normal(0, 2.2, (height, width, 1)).astype(np.float32)
        pixels = pixels * vignette * cast + grain
        return Image.fromarray(pixels.round().clip(0, 255).astype(np.uint8))
