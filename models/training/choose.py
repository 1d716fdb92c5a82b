"""Chooses thresholds and writes the manifest: `choose.py EYE.onnx TRAINING.json ROOMS ...`.

ROOMS are folders written by `nattsyn-scenes` with seeds from 8,000,000 to 8,999,999, which are
kept for choosing: no training sees them, and no figure of the card comes from them. Every picture
is judged twice, with its bed outlined and with the whole frame as sleeping place, and every
threshold holds for both. `visible` is the lowest value by which, with 95 % confidence (Clopper and
Pearson, one side, pictures taken one by one), at most 1 % of pictures pass in which nobody can be
seen, and at most 1 % of those with somebody standing or on the floor; `--visible` sets it higher.
`not_visible` is where 2 % of the sleepers of whom a head or more shows would be missed. `elsewhere`
and `several` are where 1 % of lone sleepers would be taken for two.
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

FALSE_VISIBLE, FALSE_UPRIGHT, MISSED, TAKEN_FOR_TWO = 0.01, 0.01, 0.02, 0.01
# Chance that more pass than allowed, and these pictures happened to show too few of them.
DOUBT = 0.05
# Pixels of a person, of 320 x 240, from which a head or more shows.
SEEN_PX = 100


def places_of(text):
    """Polygons from the column `places`."""
    polygons = []
    for part in text.split(";"):
        numbers = list(map(float, part.split()))
        if numbers:
            polygons.append(tuple(zip(numbers[::2], numbers[1::2])))
    return polygons or [frames.WHOLE_FRAME]


def session_of(network):
    """A network on one processor thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(network), options,
                                        providers=["CPUExecutionProvider"])


def sightings(network, compare, rows, root):
    """What is seen of each row without and with a reference, and which rows have one.

    (in_place, elsewhere, anywhere, several) by outlined bed and by whole frame.
    """
    session = session_of(network)
    # Answers in full for one room at a time: its pictures follow each other.
    found, room = {}, {}
    for done, row in enumerate(rows):
        if row["room"] not in room:
            room = {row["room"]: {}}
        luma = cv2.imread(str(root / row["file"]), cv2.IMREAD_GRAYSCALE)
        cells, whole, features = frames.ask_all(session, luma)
        room[row["room"]][row["kind"]] = (done, cells, features, whole)
        found[done] = [by_place(cells, whole, row)] * 2
        if done % 500 == 499:
            print(f"{done + 1} of {len(rows)} pictures", flush=True)
        last = done + 1 == len(rows) or rows[done + 1]["room"] != row["room"]
        if last and compare is not None:
            beside(compare, room[row["room"]], rows, found)
    return [np.array([found[i][way] for i in sorted(found)]) for way in (0, 1)]


def by_place(cells, whole, row):
    """Scores with the bed outlined, and with the whole frame as sleeping place."""
    return [frames.sighting(cells, whole, places_of(row["sleeping_place"])),
            frames.sighting(cells, whole)]


def reference_of(kind):
    """Which picture of the room is another's reference; never a twin of it."""
    return "empty" if kind == "reference" else "reference"


def beside(compare, pictures, rows, found):
    """Judges the pictures of one room beside its reference, where it has one."""
    kept = {kind: frames.kept(compare, features, cells)
            for kind, (_, cells, features, _) in pictures.items()
            if kind in ("reference", "empty")}
    for kind, (index, cells, features, whole) in pictures.items():
        if reference_of(kind) in kept:
            cells = frames.compared(compare, features, cells, kept[reference_of(kind)])
            found[index][1] = by_place(cells, whole, rows[index])
        else:
            found[index][1] = [[np.nan] * 4] * 2


def surely(count, share):
    """How many of `count` may pass for at most `share` of all to do so, but for DOUBT; 0 of few."""
    chance = (1 - share) ** count
    total, passing = chance, 0
    while total <= DOUBT:
        passing += 1
        chance *= (count - passing + 1) / passing * share / (1 - share)
        total += chance
    return max(passing - 1, 0)


def bound(scores, allowed):
    """The lowest threshold that at most `allowed` of the scores reach."""
    ordered = np.sort(scores)[::-1]
    return float(np.nextafter(np.float32(ordered[allowed]), np.float32(2)))


def thresholds_for(scores, label, seen):
    """Thresholds for one way of outlining; `scores` has a row a picture."""
    sleeping, empty = (label == "in_bed") & (seen >= SEEN_PX), label == "nobody"
    other = np.isin(label, ("standing", "on_floor"))
    for_two = int(TAKEN_FOR_TWO * sleeping.sum())
    elsewhere = bound(scores[sleeping, 1], for_two)
    # Somebody seen elsewhere is never visible, whatever lies in the bed.
    lone = np.where(scores[:, 1] < elsewhere, scores[:, 0], 0.0)
    visible = max(bound(lone[empty], surely(empty.sum(), FALSE_VISIBLE)),
                  bound(lone[other], surely(other.sum(), FALSE_UPRIGHT)))
    return {"visible": visible, "elsewhere": elsewhere,
            "several": bound(scores[sleeping, 3], for_two),
            "not_visible": float(np.quantile(scores[sleeping, 0], MISSED))}


def auc(with_somebody, without):
    """Share of pairs in the right order; ties count half."""
    above = (with_somebody[:, None] > without[None]).mean()
    return above + (with_somebody[:, None] == without[None]).mean() / 2


def told(scores, labels, thresholds):
    """Prints what becomes of each kind of picture."""
    for name in sorted(set(labels)):
        here = scores[labels == name]
        alone = here[:, 1] < thresholds["elsewhere"]
        shown = (here[:, 0] >= thresholds["visible"]) & alone
        shown &= here[:, 3] < thresholds["several"]
        absent = (here[:, 0] <= thresholds["not_visible"]) & alone
        print(f"{name:28} {len(here):5}  visible {shown.mean():.3f}  "
              f"unclear {1 - shown.mean() - absent.mean():.3f}  not visible {absent.mean():.3f}")


def chosen(scores, label, seen, at_least):
    """Thresholds that hold both with the bed outlined and without."""
    both = [thresholds_for(scores[:, way], label, seen) for way in (0, 1)]
    highest = {name: max(each[name] for each in both) for name in both[0]}
    highest["visible"] = max(highest["visible"], at_least)
    highest["not_visible"] = min(min(each["not_visible"] for each in both),
                                 highest["visible"] * 0.9)
    return {name: round(value + 5e-4, 3) for name, value in highest.items()}


def printed(scores, table, label, seen, thresholds):
    """What becomes of each kind of picture at these thresholds."""
    print(json.dumps(thresholds))
    kinds = np.array([f"{row['occupant']} {row['kind']}" for row in table])
    sleepers = (label == "in_bed") & (seen >= SEEN_PX)
    for way, name in enumerate(("bed outlined", "whole frame")):
        print(f"-- {name}")
        told(scores[:, way], kinds, thresholds)
        in_place, empty = scores[:, way, 0], label == "nobody"
        at_one = np.mean(in_place[sleepers]
                         >= bound(in_place[empty], int(FALSE_VISIBLE * empty.sum())))
        print(f"sleepers against empty beds: AUC {auc(in_place[sleepers], in_place[empty]):.3f}, "
              f"{at_one:.3f} of the sleepers above all but 1 % of the empty beds")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", type=pathlib.Path)
    parser.add_argument("training", type=pathlib.Path)
    parser.add_argument("rooms", type=pathlib.Path, nargs="+")
    parser.add_argument("--manifest", type=pathlib.Path)
    parser.add_argument("--visible", type=float, default=0.0)
    parser.add_argument("--reference", type=pathlib.Path)
    options = parser.parse_args()
    compare = session_of(options.reference) if options.reference else None
    table, parts = [], []
    for rooms in options.rooms:
        here = [row for row in csv.DictReader(open(rooms / "labels.csv"))
                if row["lens"] == "clear" and row["sleeping_place"]]
        parts.append(sightings(options.network, compare, here, rooms))
        table += here
    alone, beside_it = (np.concatenate(part) for part in zip(*parts))
    if compare is not None:
        # The same pictures on both sides of the comparison.
        some = np.flatnonzero(np.isfinite(beside_it).all((1, 2)))
        alone, beside_it, table = alone[some], beside_it[some], [table[i] for i in some]
    label = np.array([row["occupant"] for row in table])
    seen = np.array([int(row["person_px"]) for row in table])
    thresholds = chosen(alone, label, seen, options.visible)
    printed(alone, table, label, seen, thresholds)
    if compare is not None:
        print("== with a reference")
        thresholds = chosen(beside_it, label, seen, 0.0)
        printed(beside_it, table, label, seen, thresholds)
    elif options.manifest:
        write(options, thresholds)


def write(options, thresholds):
    """The manifest beside the network."""
    facts = json.loads(options.training.read_text())
    made = (f"models/training: {facts['pictures']} augmented pictures in {facts['steps']} steps, "
            f"{facts['processor_minutes']} processor minutes, seed {facts['seed']}; "
            "PyTorch to ONNX by export.py, thresholds by choose.py")
    manifest = {
        "name": facts.get("name", "eye-2"),
        "sha256": hashlib.sha256(options.network.read_bytes()).hexdigest(),
        "input": {"width_px": frames.WIDTH, "height_px": frames.HEIGHT},
        "thresholds": thresholds,
        "licence": "Apache-2.0",
        "made": made,
        "data": [
            "generated near-infrared bedrooms of models/scenes",
            "generated bedrooms of an earlier sketch, bodies CC0, the rest procedural",
            "start: the published weights of YOLOX-nano (Apache-2.0), fitted on COCO 2017",
            "256 photographs of COCO 2017 under their Creative Commons licences, made gray",
        ],
    }
    options.manifest.write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    main()
