"""Sheets of generated pictures that the model gets wrong, small enough to be kept with its card.

One line a condition, the worst pictures of it, no two of one room: empty beds with the highest
score, sleepers seen with the lowest, people elsewhere with the highest in the bed. Only generated
pictures: what is real is drawn by `sheets.py`, into the output folder, and never kept. Worst is
not typical, and a sheet shows no share of anything; the report does.
"""

import cv2
import numpy as np

import generated
import sheets

# Pixels of a picture, pictures a line, lines a sheet, and the most bytes a sheet may have.
WIDTH, HEIGHT, ACROSS, LINES, BYTES_MAX = 200, 150, 4, 6, 300_000
# Tones that a sheet is reduced to, until it is small enough.
TONES = (64, 32, 24, 16, 12, 8, 6, 4)
# Conditions of empty beds in the order of what they teach; others are left to the report.
EMPTY = ("empty, just left", "empty, heaped", "empty, reference", "empty, pushed down",
         "empty, folded back", "empty, rumpled")


def worst(rows, upwards):
    """The worst pictures of a condition, at most one a room."""
    chosen, rooms = [], set()
    for row in sorted(rows, key=lambda row: row["in_place"], reverse=not upwards):
        if row["scene"] not in rooms:
            rooms.add(row["scene"])
            chosen.append(row)
    return chosen[:ACROSS]


def line(rows):
    """The pictures of one condition side by side."""
    tiles = [sheets.tile(row, WIDTH, HEIGHT) for row in rows]
    tiles += [np.zeros((HEIGHT, WIDTH), np.uint8)] * (ACROSS - len(tiles))
    return np.hstack(tiles)


def encoded(picture):
    """The sheet as PNG, with as many tones as fit."""
    for tones in TONES:
        step = 256 / tones
        reduced = (np.floor(picture / step) * step + step / 2).astype(np.uint8)
        made = cv2.imencode(".png", reduced, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1]
        if len(made) <= BYTES_MAX:
            return made.tobytes()
    raise SystemExit(f"eval: a sheet of failures does not fit into {BYTES_MAX} bytes")


def sheet(groups, upwards, path):
    """Writes one sheet, a line for every group that has pictures."""
    path.unlink(missing_ok=True)
    lines = [line(worst(rows, upwards)) for rows in groups if rows][:LINES]
    if lines:
        path.write_bytes(encoded(np.vstack(lines)))


def draw(rows, out):
    """All sheets of generated failures."""
    out.mkdir(parents=True, exist_ok=True)
    bare, clear = generated.empties(rows), generated.clear(rows)
    sheet([[row for row in bare if row["condition"] == name] for name in EMPTY], False,
          out / "empty-beds.png")
    seen = [row for row in generated.seen_sleepers(rows) if row["finding"] != "visible"]
    sheet([[row for row in seen if row["condition"] == name]
           for name in sorted({row["condition"] for row in seen})], True, out / "sleepers.png")
    sheet([[row for row in clear if row["label"] == name]
           for name in ("on_floor", "standing", "sitting_on_edge", "two")], False,
          out / "people-elsewhere.png")
