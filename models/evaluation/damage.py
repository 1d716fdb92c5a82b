"""Damaged copies of a picture, to count what the health check says of them.

Each kind is a function of the picture and a random generator; none knows a label. *Must* be
technical: a lens covered over 90 % and more, a dead lamp, strong defocus, a blinded sensor. Only
reported: partial covers, slight defocus, a moved camera, which one frame cannot tell from a
home that looks so. A repeated picture is not here: one frame cannot be a repetition, a look can.
"""

import cv2
import numpy as np

# Kind: (what the health check should call it; whether it must be technical).
KINDS = {
    "covered 30 %": ("covered", False),
    "covered 60 %": ("covered", False),
    "covered 90 %": ("covered", True),
    "covered all": ("covered", True),
    "lamp dead": ("dark", True),
    "defocused slightly": ("blurred", False),
    "defocused": ("blurred", True),
    "saturated": ("saturated", True),
    "moved": ("", False),
}
# Blur as a share of the width. Slightly: a head of a tenth of the width is still a blob. Fully:
# nothing finer than a limb is left.
SLIGHT, FULL = (0.008, 0.013), (0.025, 0.047)


def noisy(rng, value):
    """With sensor noise, as a picture of 8 bits."""
    noise = rng.normal(0, rng.uniform(0.5, 3), value.shape)
    return np.clip(np.rint(value + noise), 0, 255).astype(np.uint8)


def grid(shape):
    """Positions from -1 to 1, across and down."""
    height, width = shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return x, y


def cover(rng, shape):
    """What hangs before the lens looks like: one tone, lit by the lamp, with soft shapes."""
    x, y = grid(shape)
    turn = rng.uniform(0, 2 * np.pi)
    slope = rng.uniform(0, 25) * (x * np.cos(turn) + y * np.sin(turn))
    coarse = rng.standard_normal((3, 4)).astype(np.float32)
    shapes = cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return (rng.uniform(30, 200) + slope) * np.exp(rng.uniform(0, 0.15) * shapes)


def covered(rng, luma, share):
    """Covered from one side over a share of the picture, with the soft edge of something near."""
    if share >= 1:
        return cover(rng, luma.shape)
    x, y = grid(luma.shape)
    turn = rng.uniform(0, 2 * np.pi)
    coarse = rng.standard_normal((4, 5)).astype(np.float32)
    wave = cv2.resize(coarse, luma.shape[::-1], interpolation=cv2.INTER_CUBIC)
    reach = x * np.cos(turn) + y * np.sin(turn) + 0.15 * wave
    edge = np.quantile(reach, 1 - share)
    part = 1 / (1 + np.exp(-(reach - edge) / rng.uniform(0.015, 0.05)))
    return luma * (1 - part) + cover(rng, luma.shape) * part


def damaged(rng, kind, luma):
    """One damaged copy."""
    height, width = luma.shape
    if kind == "lamp dead":
        return noisy(rng, luma * rng.uniform(0, 0.03) + rng.uniform(0, 4))
    if kind == "saturated":
        return noisy(rng, luma * rng.uniform(8, 20) + rng.uniform(150, 250))
    if kind.startswith("defocused"):
        low, high = SLIGHT if kind.endswith("slightly") else FULL
        soft = cv2.GaussianBlur(luma.astype(np.float32), (0, 0), width * rng.uniform(low, high))
        return noisy(rng, soft)
    if kind == "moved":
        across, down = rng.choice([-1, 1], 2) * rng.uniform(0.15, 0.3, 2) * (width, height)
        step = np.float32([[1, 0, across], [0, 1, down]])
        moved = cv2.warpAffine(luma, step, (width, height), borderMode=cv2.BORDER_REFLECT_101)
        return noisy(rng, moved)
    share = 1.0 if kind.endswith("all") else int(kind.split()[1]) / 100
    return noisy(rng, covered(rng, luma.astype(np.float64), share))


def copies(luma, seed):
    """Every kind of damage to one picture; the same each time for the same seed."""
    for number, kind in enumerate(KINDS):
        yield kind, damaged(np.random.default_rng([seed, number]), kind, luma)
