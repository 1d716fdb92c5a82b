"""From pixels to the network's input, and back to scores: the Python twin of the crate.

`reduce`, `stretch` and `sighting` follow `src/reduce.rs`, `src/place.rs` and `src/model.rs` step
by step; the golden frames hold both to the same numbers. Nothing here trains anything.
"""

import functools

import numpy as np

HEIGHT, WIDTH = 256, 320
MAP_HEIGHT, MAP_WIDTH = 32, 40
TAIL_PERCENT, SPREAD_MIN, OVERSHOOT = 1, 3.0, 0.2
POOLED_CELLS, NO_CELLS_LOGIT = 6, -10.0
KEPT_CHANNELS, KEPT_STEPS = 18, 127
WHOLE_FRAME = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


@functools.lru_cache(maxsize=None)
def overlaps(inputs, outputs):
    """How much each of `outputs` equal pieces takes of each of `inputs` pixels; rows sum to 1."""
    edges = np.arange(outputs + 1) * (inputs / outputs)
    pixels = np.arange(inputs)
    end = np.minimum(edges[1:, None], pixels[None] + 1)
    start = np.maximum(edges[:-1, None], pixels[None])
    return (np.maximum(end - start, 0) * outputs / inputs).astype(np.float32)


def reduce(luma, height=HEIGHT, width=WIDTH):
    """Area average to the network's size, in levels from 0 to 255."""
    down, across = overlaps(luma.shape[0], height), overlaps(luma.shape[1], width)
    return down @ (luma.astype(np.float32) @ across.T)


def stretch(levels):
    """1st percentile to -0.5, 99th to 0.5, at most a fifth beyond."""
    flat, last = levels.reshape(-1), levels.size - 1
    ranks = [last * TAIL_PERCENT // 100, last * (100 - TAIL_PERCENT) // 100]
    low, high = np.partition(flat, ranks)[ranks]
    spread = max(high - low, SPREAD_MIN)
    stretched = np.clip((levels - low) / spread, -OVERSHOOT, 1 + OVERSHOOT) - 0.5
    return stretched.astype(np.float32)


def network_input(luma):
    """The network's input for a frame of any size."""
    return stretch(reduce(luma))[None, None]


def inside(x, y, corners):
    """Whether points lie in a polygon, by the even-odd rule."""
    found = np.zeros(np.broadcast(x, y).shape, bool)
    for (ax, ay), (bx, by) in zip(corners, (*corners[1:], corners[0])):
        if ay == by:
            continue
        found ^= ((ay > y) != (by > y)) & (x < ax + (y - ay) / (by - ay) * (bx - ax))
    return found


def cells_inside(places):
    """Cells of the person map of which at least half lies in one of the places."""
    x = (np.arange(MAP_WIDTH * 4) + 0.5) / (MAP_WIDTH * 4)
    y = (np.arange(MAP_HEIGHT * 4) + 0.5) / (MAP_HEIGHT * 4)
    covered = np.zeros((MAP_HEIGHT * 4, MAP_WIDTH * 4), bool)
    for corners in places:
        covered |= inside(x[None], y[:, None], tuple(corners))
    return covered.reshape(MAP_HEIGHT, 4, MAP_WIDTH, 4).mean((1, 3)) >= 0.5


def beyond(cells):
    """Cells that are not in `cells` and touch none of them."""
    padded = np.pad(cells, 1)
    rows, columns = cells.shape
    near = np.zeros_like(cells)
    for row in range(3):
        for column in range(3):
            near |= padded[row : row + rows, column : column + columns]
    return ~near


def pooled(logits):
    """Mean of the six strongest."""
    if logits.size == 0:
        return NO_CELLS_LOGIT
    return float(np.sort(logits.reshape(-1))[-POOLED_CELLS:].mean())


def score(logit):
    """A logit as a score from 0 to 1."""
    return 1 / (1 + np.exp(-logit))


def ask(session, luma):
    """`map` (2 x 32 x 40) and `whole` (somebody; several) of a frame."""
    return ask_all(session, luma)[:2]


def ask_all(session, luma):
    """`map`, `whole` and `features` (112 x 32 x 40) of a frame."""
    return [v[0] for v in session.run(["map", "whole", "features"],
                                      {"frame": network_input(luma)})]


def kept(compare, features, cells):
    """What is kept of a picture of the empty bed, rounded to eight bits as the crate rounds it."""
    nothing = np.zeros((1, KEPT_CHANNELS, MAP_HEIGHT, MAP_WIDTH), np.float32)
    given = {"features": features[None], "map": cells[None], "kept": nothing}
    values = compare.run(["kept_of_this"], given)[0][0]
    return np.trunc(values * KEPT_STEPS + np.copysign(0.5, values)) / KEPT_STEPS


def compared(compare, features, cells, reference):
    """The map beside what is kept of the same room's empty bed."""
    given = {"features": features[None], "map": cells[None],
             "kept": reference[None].astype(np.float32)}
    return compare.run(["map_with_reference"], given)[0][0]


def sighting(cells, whole, places=(WHOLE_FRAME,)):
    """`in_place`, `elsewhere`, `anywhere` and `several` from the network's outputs."""
    here = cells_inside(places)
    in_place = score(pooled(cells[0][here]))
    elsewhere = score(max(pooled(cells[0][beyond(here)]), pooled(cells[1])))
    anywhere = max(score(float(whole[0])), in_place, elsewhere)
    return in_place, elsewhere, anywhere, score(float(whole[1]))
