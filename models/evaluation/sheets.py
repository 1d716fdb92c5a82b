"""Contact sheets of the worst misses, for looking at.

They hold real pictures, so they stay in the output folder, which the project ignores, and go
with it. Each picture is stretched for the eye; the judged picture was not.
"""

import cv2
import numpy as np

from rivals import stretched

ACROSS, WIDTH, HEIGHT, MOST = 6, 320, 240, 24


def tile(row, width=WIDTH, height=HEIGHT):
    """A picture, its sleeping places, and what was said of it."""
    luma = cv2.imread(row["file"], cv2.IMREAD_GRAYSCALE)
    picture = cv2.resize(stretched(luma), (width, height), interpolation=cv2.INTER_AREA)
    for polygon in (row.get("places") or "").split(";"):
        numbers = np.array(list(map(float, polygon.split()))).reshape(-1, 2)
        corners = (numbers * (width, height)).astype(np.int32)
        cv2.polylines(picture, [corners], True, 200, 1)
    words = (f"{row.get('condition') or row['label']}"[:34],
             f"{row['in_place']:.3f} {row['elsewhere']:.3f} {row['finding']} {row['fault']}"[:44])
    for line, text in enumerate(words):
        at, size = (4, 14 + 16 * line), 0.42 if width >= WIDTH else 0.3
        cv2.putText(picture, text, at, 0, size, 0, 3)
        cv2.putText(picture, text, at, 0, size, 255, 1)
    return picture


def sheet(rows, path):
    """Writes up to MOST pictures side by side; nothing if there are none."""
    tiles = [tile(row) for row in rows[:MOST]]
    path.unlink(missing_ok=True)
    if not tiles:
        return
    while len(tiles) % ACROSS:
        tiles.append(np.zeros((HEIGHT, WIDTH), np.uint8))
    lines = [np.hstack(tiles[i : i + ACROSS]) for i in range(0, len(tiles), ACROSS)]
    cv2.imwrite(str(path), np.vstack(lines))


def worst(rows, keep, by, upwards=False):
    """The rows to look at first."""
    return sorted((row for row in rows if keep(row)), key=lambda row: row[by], reverse=not upwards)


def draw(real, rooms, harm, out):
    """All sheets."""
    out.mkdir(parents=True, exist_ok=True)
    in_bed = ("person_in_bed", "sleeper", "in_bed")
    for name, rows in (("real", real), ("rooms", [r for r in rooms if "clear" in r["source"]])):
        nobody = worst(rows, lambda row: row["person"] == "no" and row["label"] != "photo",
                       "in_place")
        sheet(nobody, out / f"{name}-highest-without-a-person.png")
        asleep = worst(rows, lambda row: row["label"].startswith(in_bed) and row["finding"] !=
                       "visible" and row.get("seen_px", 100) >= 100, "in_place", upwards=True)
        sheet(asleep, out / f"{name}-lowest-in-bed.png")
    sheet(worst(real, lambda row: row["source"] == "EventSleep-edge" and row["finding"] !=
                "visible", "in_place", upwards=True)[::3], out / "real-eventsleep-missed.png")
    sheet(worst(rooms, lambda row: row["label"] in ("on_floor", "standing", "sitting_on_edge")
                and "clear" in row["source"], "in_place"), out / "rooms-elsewhere-highest.png")
    sheet(worst(rooms, lambda row: row["condition"] == "empty, heaped" and "clear" in
                row["source"], "in_place"), out / "rooms-heaped-highest.png")
    sheet(worst(harm, lambda row: row["must"] and row["finding"] != "technical", "in_place"),
          out / "damaged-not-noticed.png")
    fit = [row for row in real + rooms if row["finding"] == "technical" and
           row["source"].removeprefix("rooms/") not in ("covered", "defocused", "saturated",
                                                        "lamp_dead")]
    sheet(fit, out / "fit-called-technical.png")
    sheet([row for row in real if row["light"] == "night"][::9], out / "night-pushed.png")
