"""Writes the golden frames: `golden.py EYE.onnx [ROOMS]`.

With ROOMS (a folder written by the scenes crate with a seed from 8,000,000 to 8,999,999, which no
training sees) the frames are chosen anew: the first of each kind, one of them cut to an odd size. Without it the frames
stay and only what is expected of them is computed again, as after a new network. Expected
numbers come from onnxruntime and `frames.py`; the crate's test compares tract and Rust with them.
"""

import csv
import json
import pathlib
import sys

import cv2
import numpy as np
import onnxruntime

import choose
import frames

GOLDEN = pathlib.Path(__file__).parent.parent / "golden"
KINDS = [("in_bed", "clear"), ("nobody", "clear"), ("standing", "clear"), ("on_floor", "clear"),
         ("nobody", "covered"), ("nobody", "lamp_dead")]
HEALTH = {"clear": "ok", "covered": "covered", "lamp_dead": "dark"}
# Where the network's input is compared: row, column.
SAMPLES = [(0, 0), (34, 286), (128, 160), (198, 62), (255, 319)]


def chosen(rooms):
    """Name, picture, places and health of each golden frame, from generated rooms."""
    rows = list(csv.DictReader(open(rooms / "labels.csv")))
    for occupant, lens in KINDS:
        row = next(r for r in rows if (r["occupant"], r["lens"]) == (occupant, lens)
                   and (occupant != "in_bed" or int(r["person_px"]) > 400))
        luma = cv2.imread(str(rooms / row["file"]), cv2.IMREAD_GRAYSCALE)
        places = row["sleeping_place"]
        if occupant == "on_floor":
            # An odd size, and with it no outlined place.
            luma, places = luma[5:238, 2:319], ""
        yield f"{occupant}_{lens}", luma, places, HEALTH[lens]


def main():
    network = pathlib.Path(sys.argv[1])
    session = onnxruntime.InferenceSession(str(network), providers=["CPUExecutionProvider"])
    listed = GOLDEN / "expected.json"
    if len(sys.argv) > 2:
        wanted = list(chosen(pathlib.Path(sys.argv[2])))
    else:
        wanted = [(e["frame"].removesuffix(".pgm"),
                   cv2.imread(str(GOLDEN / e["frame"]), cv2.IMREAD_GRAYSCALE),
                   e["places"], e["health"]) for e in json.loads(listed.read_text())]
    expected = []
    for name, luma, places, health in wanted:
        cv2.imwrite(str(GOLDEN / (name + ".pgm")), luma)
        cells, whole = frames.ask(session, luma)
        scores = frames.sighting(cells, whole, choose.places_of(places))
        given = frames.network_input(luma)[0, 0]
        strongest = float(frames.score(np.max(cells)))
        expected.append({
            "frame": name + ".pgm", "places": places, "health": health,
            "in_place": round(float(scores[0]), 6), "elsewhere": round(float(scores[1]), 6),
            "anywhere": round(float(scores[2]), 6), "several": round(float(scores[3]), 6),
            "map_maximum": round(strongest, 6),
            "input": [[row, column, round(float(given[row, column]), 6)]
                      for row, column in SAMPLES],
        })
        print(expected[-1]["frame"], *scores)
    listed.write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
