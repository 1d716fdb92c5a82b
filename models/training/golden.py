"""Writes the golden frames: `golden.py EYE.onnx [ROOMS]`.

With ROOMS (a folder written by the scenes crate with a seed from 8,000,000 to 8,999,999, which no
training sees) the frames are chosen anew: the first of each kind, one of them cut and one reduced
to an odd size. Without it the frames stay and only what
is expected of them is computed again, as after a new network. Expected numbers come from
onnxruntime and `frames.py`; the crate's test compares tract and Rust with them.

The reduced frame is written a second and a third time, as cameras give it: 10 bits in two bytes
and 8 bits, in rows that are padded. The detector's test reads these as the same frame.
"""

import csv
import json
import pathlib
import sys

import cv2
import numpy as np

import choose
import frames

GOLDEN = pathlib.Path(__file__).parent.parent / "golden"
KINDS = [("in_bed", "clear"), ("nobody", "clear"), ("standing", "clear"), ("on_floor", "clear"),
         ("nobody", "covered"), ("nobody", "lamp_dead")]
HEALTH = {"clear": "ok", "covered": "covered", "lamp_dead": "dark"}
# Where the network's input is compared: row, column.
SAMPLES = [(0, 0), (34, 286), (128, 160), (198, 62), (255, 319)]
# The sleeper's frame as a camera might give it, and the bytes from row to row: odd sides, padded.
PADDED, PADDED_SIZE, STRIDE = "in_bed_padded", (161, 127), 176


def chosen(rooms):
    """Name, picture, places, health of each golden frame, from generated rooms."""
    rows = list(csv.DictReader(open(rooms / "labels.csv")))
    sleeper = next(r for r in rows if r["occupant"] == "in_bed" and r["lens"] == "clear"
                   and int(r["person_px"]) > 400)
    room = [r for r in rows if r["room"] == sleeper["room"]]

    def picture(row):
        return cv2.imread(str(rooms / row["file"]), cv2.IMREAD_GRAYSCALE)

    for occupant, lens in KINDS:
        among = room if occupant in ("in_bed", "nobody") and lens == "clear" else rows
        row = next(r for r in among if (r["occupant"], r["lens"]) == (occupant, lens)
                   and r["kind"] != "reference" and (occupant != "in_bed" or r is sleeper))
        luma, places = picture(row), row["sleeping_place"]
        if occupant == "on_floor":
            # An odd size, and with it no outlined place.
            luma, places = luma[5:238, 2:319], ""
        yield f"{occupant}_{lens}", luma, places, HEALTH[lens]
    small = cv2.resize(picture(sleeper), PADDED_SIZE, interpolation=cv2.INTER_AREA)
    yield PADDED, small, sleeper["sleeping_place"], "ok"


def expected_of(session, frame):
    """What Python says of one golden frame."""
    name, luma, places, health = frame
    cells, whole = frames.ask(session, luma)
    scores = frames.sighting(cells, whole, choose.places_of(places))
    given = frames.network_input(luma)[0, 0]
    return {
        "frame": name + ".pgm", "places": places, "health": health,
        "in_place": round(float(scores[0]), 6), "elsewhere": round(float(scores[1]), 6),
        "anywhere": round(float(scores[2]), 6), "several": round(float(scores[3]), 6),
        "map_maximum": round(float(frames.score(np.max(cells))), 6),
        "input": [[row, column, round(float(given[row, column]), 6)] for row, column in SAMPLES],
    }


def write_as_cameras_give_it(luma):
    """The same frame in padded rows: 10 bits in two bytes, and 8 bits; what pads is not zero."""
    rng = np.random.default_rng(1)
    height, width = luma.shape
    rows = rng.integers(0, 1 << 10, (height, STRIDE), dtype=np.uint16)
    # The two bits that a frame does not keep.
    rows[:, :width] = luma.astype(np.uint16) << 2 | rows[:, :width] & 3
    (GOLDEN / (PADDED + ".y10")).write_bytes(rows.astype("<u2").tobytes())
    (GOLDEN / (PADDED + ".grey")).write_bytes((rows >> 2).astype(np.uint8).tobytes())


def main():
    session = choose.session_of(sys.argv[1])
    listed = GOLDEN / "expected.json"
    if len(sys.argv) > 2:
        wanted = list(chosen(pathlib.Path(sys.argv[2])))
    else:
        wanted = [(e["frame"].removesuffix(".pgm"),
                   cv2.imread(str(GOLDEN / e["frame"]), cv2.IMREAD_GRAYSCALE), e["places"],
                   e["health"])
                  for e in json.loads(listed.read_text())]
    pictures = {name: luma for name, luma, *_ in wanted}
    expected = []
    for frame in wanted:
        cv2.imwrite(str(GOLDEN / (frame[0] + ".pgm")), frame[1])
        expected.append(expected_of(session, frame))
        print({key: value for key, value in expected[-1].items() if key != "input"})
    write_as_cameras_give_it(pictures[PADDED])
    listed.write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
