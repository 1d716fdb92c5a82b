"""Chooses thresholds and writes the manifest: `choose.py EYE.onnx TRAINING.json ROOMS ...`.

ROOMS are tables of rooms that training never showed (`frames.csv` of `rooms.py`). `visible` is
the lowest value that at most 0.5 % of the pictures with nobody in the room pass, and at most
0.5 % of those with somebody standing or on the floor; `--visible` sets it higher. `not_visible`
is where 2 % of the sleepers whose head or body shows would be missed. `elsewhere` is where 1 %
of sleepers alone would be taken for two.
"""

import argparse
import csv
import hashlib
import json
import pathlib

import cv2
import numpy as np
import onnxruntime

import frames

FALSE_VISIBLE, MISSED, TAKEN_FOR_TWO = 0.005, 0.02, 0.01


def places_of(text):
    """Polygons from the column `places`."""
    polygons = []
    for part in text.split(";"):
        numbers = list(map(float, part.split()))
        if numbers:
            polygons.append(tuple(zip(numbers[::2], numbers[1::2])))
    return polygons or [frames.WHOLE_FRAME]


def sightings(network, table, root):
    """One (in_place, elsewhere, anywhere) for each row."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(network), options,
                                           providers=["CPUExecutionProvider"])
    found = []
    for row in table:
        luma = cv2.imread(str(root / row["file"]), cv2.IMREAD_GRAYSCALE)
        cells, anyone = frames.ask(session, luma)
        places = places_of(row.get("places", ""))
        found.append(frames.sighting(cells, anyone, places))
    return np.array(found)


def bound(scores, share):
    """The lowest threshold that at most `share` of the scores reach."""
    ordered = np.sort(scores)[::-1]
    allowed = int(share * len(ordered))
    return float(np.nextafter(np.float32(ordered[allowed]), np.float32(2)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", type=pathlib.Path)
    parser.add_argument("training", type=pathlib.Path)
    parser.add_argument("rooms", type=pathlib.Path, nargs="+")
    parser.add_argument("--manifest", type=pathlib.Path)
    parser.add_argument("--visible", type=float, default=0.0)
    options = parser.parse_args()
    table, parts = [], []
    for rooms in options.rooms:
        here = [row for row in csv.DictReader(open(rooms)) if row["source"] == "rooms/clear"]
        parts.append(sightings(options.network, here, rooms.parent))
        table += here
    scores = np.concatenate(parts)
    label = np.array([row["label"] for row in table])
    seen = np.array([int(row["note"].split()[2]) for row in table])
    sleeping = (label == "in_bed") & (seen >= 100)
    empty, other = label == "nobody", np.isin(label, ("standing", "on_floor"))
    elsewhere = bound(scores[sleeping, 1], TAKEN_FOR_TWO)
    lone = scores[other & (scores[:, 1] < elsewhere), 0]
    visible = max(options.visible, bound(scores[empty, 0], FALSE_VISIBLE),
                  bound(np.r_[lone, np.zeros(other.sum() - len(lone))], FALSE_VISIBLE))
    not_visible = min(float(np.quantile(scores[sleeping, 0], MISSED)), visible * 0.9)
    thresholds = {"visible": round(visible + 5e-4, 3), "not_visible": round(not_visible, 3),
                  "elsewhere": round(elsewhere, 3)}
    print(json.dumps(thresholds))
    for name in sorted(set(label)):
        here = scores[label == name]
        shown = (here[:, 0] >= thresholds["visible"]) & (here[:, 1] < thresholds["elsewhere"])
        absent = (here[:, 0] <= thresholds["not_visible"]) & (here[:, 1] < thresholds["elsewhere"])
        print(f"{name:16} {len(here):5}  visible {shown.mean():.3f}  "
              f"unclear {1 - shown.mean() - absent.mean():.3f}  not visible {absent.mean():.3f}")
    y, s = sleeping[sleeping | empty], scores[sleeping | empty, 0]
    rank = np.argsort(np.argsort(s)) + 1
    auc = (rank[y].sum() - y.sum() * (y.sum() + 1) / 2) / (y.sum() * (~y).sum())
    print(f"sleepers against empty beds: AUC {auc:.3f}")
    if options.manifest:
        write(options, thresholds)


def write(options, thresholds):
    """The manifest beside the network."""
    facts = json.loads(options.training.read_text())
    made = (f"models/training: {facts['pictures']} augmented pictures in {facts['steps']} steps, "
            f"{facts['processor_minutes']} processor minutes, seed {facts['seed']}; "
            "PyTorch to ONNX by export.py, thresholds by choose.py")
    manifest = {
        "name": facts.get("name", "eye-1"),
        "sha256": hashlib.sha256(options.network.read_bytes()).hexdigest(),
        "input": {"width_px": frames.WIDTH, "height_px": frames.HEIGHT},
        "thresholds": thresholds,
        "licence": "MIT OR Apache-2.0",
        "made": made,
        "data": [
            "generated near-infrared bedrooms of models/scenes",
            "generated bedrooms of an earlier sketch, bodies CC0, the rest procedural",
            "256 photographs of COCO 2017 under their Creative Commons licences, made gray",
        ],
    }
    options.manifest.write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    main()
