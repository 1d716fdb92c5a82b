"""Makes one training example out of one stored picture: geometry, light, sensor, dirt.

The stored pictures are clean. Everything that a lens, an infrared lamp and a small sensor do to
them is drawn anew each time, independently of what the picture shows, so that no degradation
can stand for a label. Ranges are wide on purpose: they are guesses at cameras, not measurements.
"""

import cv2
import numpy as np

from frames import HEIGHT, MAP_HEIGHT, MAP_WIDTH, WIDTH, stretch

ROWS, COLUMNS = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
# Below this share of the picture, what is left of a person after cropping cannot be told.
LEFT_ENOUGH = 0.001


def placement(rng, width, height):
    """A random affine map from a stored picture to the input: turn, flip, scale, shift."""
    turn = rng.uniform(-12, 12) + (0 if rng.random() < 0.8 else 90 * rng.integers(0, 4))
    scale = np.exp(rng.uniform(np.log(0.85), np.log(1.35)))
    aspect = np.exp(rng.uniform(-0.25, 0.25))
    wide = WIDTH / width * scale * np.sqrt(aspect)
    high = HEIGHT / height * scale / np.sqrt(aspect)
    if round(turn / 90) % 2:
        wide = high = scale * np.sqrt(WIDTH * HEIGHT / (width * height))
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    linear = np.array([[c * wide, -s * high], [s * wide, c * high]])
    if rng.random() < 0.5:
        linear[0] *= -1
    shift = np.array([WIDTH, HEIGHT]) * (0.5 + rng.uniform(-0.13, 0.13, 2))
    offset = shift - linear @ np.array([width / 2, height / 2])
    return np.c_[linear, offset].astype(np.float32)


def warp(picture, where, interpolation):
    """A stored picture on the input's grid, mirrored at its borders."""
    border = cv2.BORDER_REFLECT_101
    return cv2.warpAffine(picture, where, (WIDTH, HEIGHT), flags=interpolation, borderMode=border)


def lit(rng, light, photo):
    """An infrared lamp: fall-off from a shifted centre, soft shading, a hot spot."""
    if rng.random() < (0.7 if photo else 0.35):
        x, y = WIDTH * (0.5 + rng.uniform(-0.25, 0.25)), HEIGHT * (0.5 + rng.uniform(-0.25, 0.25))
        distance = ((COLUMNS - x) ** 2 + (ROWS - y) ** 2) / (WIDTH * WIDTH / 4)
        light = light / (1 + rng.uniform(0.2, 3.0) * distance) ** rng.uniform(0.6, 1.6)
    if rng.random() < 0.3:
        coarse = rng.standard_normal((3, 4)).astype(np.float32)
        shade = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        light = light * np.exp(rng.uniform(0.1, 0.6) * shade)
    if rng.random() < 0.1:
        x, y, wide = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT), rng.uniform(6, 40)
        spot = np.exp(-((COLUMNS - x) ** 2 + (ROWS - y) ** 2) / (2 * wide * wide))
        light = light + rng.uniform(0.3, 2.5) * spot
    return light


def exposed(rng, light):
    """Lens blur, exposure, tone curve, noise, sharpening, 8 bits, compression."""
    if rng.random() < 0.35:
        light = cv2.GaussianBlur(light, (0, 0), rng.uniform(0.5, 2.0))
    value = np.clip(light * rng.uniform(0.45, 1.3), 0, 1) ** (1 / rng.uniform(1.0, 2.6))
    dim = 1.0 if rng.random() < 0.4 else np.exp(rng.uniform(np.log(0.15), 0))
    value = value * dim + rng.uniform(0, 0.04)
    noise = rng.standard_normal((HEIGHT, WIDTH), dtype=np.float32)
    if rng.random() < 0.4:
        noise = cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.5, 1.4)) * 1.7
    shot = np.sqrt(np.maximum(value, 0) * dim) * 10 ** rng.uniform(-3, -1.8)
    value = value + noise * (shot + 10 ** rng.uniform(-3.3, -2.2))
    if rng.random() < 0.2:
        smooth = cv2.GaussianBlur(value, (0, 0), rng.uniform(1.0, 2.6))
        value = value + rng.uniform(0.2, 1.0) * (value - smooth)
    picture = np.clip(value * 255, 0, 255).astype(np.uint8)
    if rng.random() < 0.15:
        quality = int(rng.uniform(35, 92) if dim > 0.5 else rng.uniform(70, 95))
        coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        picture = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)
    return picture


def example(rng, picture, labels, marks, gamma, photo):
    """One example: input, target (2 x 32 x 40), weight of each target cell, marks."""
    height, width = picture.shape
    where = placement(rng, width, height)
    return shown(rng, picture, where, gamma, photo), *taught(labels, where, marks, photo)


def shown(rng, picture, where, gamma, photo):
    """The network's input for a stored picture, placed, lit, exposed and stretched."""
    light = (warp(picture, where, cv2.INTER_AREA).astype(np.float32) / 255) ** gamma
    light = light / max(np.percentile(light[::4, ::4], 97), 1e-4)
    return stretch(exposed(rng, lit(rng, light, photo)).astype(np.float32))


def taught(labels, where, marks, photo):
    """Target (2 x 32 x 40), weight of each target cell and marks of a placed picture."""
    placed = warp(labels, where, cv2.INTER_NEAREST)
    seen = (placed & 4) > 0
    bits = np.stack([seen & ((placed & 1) > 0), seen & ((placed & 2) > 0), (placed & 3) > 0,
                     (placed & 8) > 0]).astype(np.float32)
    cells = bits.reshape(4, MAP_HEIGHT, 8, MAP_WIDTH, 8).mean((2, 4))
    target = np.clip(cells[:2] * 2.5, 0, 1)
    # What lies under a cover is taught neither way; what shows weighs more than a bare wall.
    weights = np.where((cells[2] > 0) & (target < 0.2), 0.05, 1.0)
    weights = (weights + 4 * target) * (1 - cells[3])
    marks = np.array(marks, np.float32)
    if photo:
        # Whether a photographed person lies in a bed is not known: only that they are there.
        weights[0] *= cells[2] == 0
    for channel in (0, 1):
        left = cells[channel].mean() + cells[3].any()
        if marks[channel] == 1 and left < LEFT_ENOUGH:
            marks[channel] = -1
            marks[2] = -1 if marks[1 - channel] != 1 else 1
            marks[3] = -1 if marks[3] == 1 else marks[3]
    # What cannot be told from the picture is not taught either way.
    weights *= (marks[:2] >= 0)[:, None, None]
    return target, weights.astype(np.float32), marks
