"""Rooms for the second network: what is shown, what may be kept beside it, and one drawing of both.

A picture's reference is the re-draw of its room, or the room's other empty bed, and a re-draw's
reference is one of those two: in any case a picture of other bedding, independently lit, exposed
and nudged, never the twin, whoever is in the room. Without that rule *different* would mean
*person*.
"""

import csv

import cv2
import numpy as np

import augment
import network
from prepare import CLEAR, ELSEWHERE, IN_BED, SEEN, UNPLACED, room_marks

# Pictures of a room that are judged, and those that may be kept of it.
SHOWN = ("empty", "in_bed", "left", "uncovered", "heap", "elsewhere", "reference")
KEPT = ("reference", "empty", "heap")
# A nudge of the camera, in pixels of the input: a cell is eight.
NUDGE_PX = 5.0
# How often picture and reference are lit and exposed alike: the lamp is the same, the rest drifts.
ALIKE = 0.3
GAMMA = 2.0


def rooms_of(root):
    """Clear pictures of each room that has its bed outlined and a reference: kind to row."""
    rooms = {}
    for row in csv.DictReader(open(root / "labels.csv")):
        room = rooms.setdefault(row["room"], {"root": root, "twins": {}})
        # A re-draw names the empty bed that it is a re-draw of; it shares nothing with it.
        room["twins"][row["file"]] = row["twin_of"] if row["kind"] != "reference" else ""
        if row["lens"] == CLEAR and row["sleeping_place"]:
            room[row["kind"]] = row
    return [room for room in rooms.values() if "reference" in room]


def may_be_kept(room, kind):
    """Kinds of the room that may be the reference of one: empty, and neither itself nor a twin."""
    twins, file = set(), room[kind]["file"]
    while file:
        twins.add(file)
        file = room["twins"].get(file, "")
    return [k for k in KEPT if k in room and room[k]["file"] not in twins]


def nudged(rng, where):
    """The same view from a camera that was touched."""
    turn = rng.normal(0, np.radians(0.5))
    linear = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    linear *= np.exp(rng.normal(0, 0.01))
    middle = np.array([network.WIDTH / 2, network.HEIGHT / 2])
    shift = rng.uniform(-NUDGE_PX, NUDGE_PX, 2)
    moved = linear @ where
    moved[:, 2] += middle - linear @ middle + shift
    return moved.astype(np.float32)


def read(room, kind):
    """Picture and label bytes of one picture of a room."""
    row = room[kind]
    gray, mask = (cv2.imread(str(room["root"] / row[name]), cv2.IMREAD_GRAYSCALE)
                  for name in ("file", "mask"))
    marks = room_marks(row, (mask == 255).mean())
    bits = IN_BED if marks[1] == 0 else ELSEWHERE
    labels = np.where(mask > 0, bits, 0) + np.where(mask == 255, SEEN, 0)
    if row["occupant"] in ("two", "sitting_on_edge"):
        labels[:] = UNPLACED
    if row["occupant"] == "nobody":
        # Bedding as it lay over somebody covers nobody any more.
        labels[:] = 0
    return gray, labels.astype(np.uint8), marks


def drawn(rng, room):
    """One drawing of a room: inputs of what is shown and kept, targets, weights, marks."""
    inputs, told = {}, {}
    pictures = {kind: read(room, kind) for kind in SHOWN if kind in room}
    height, width = pictures["reference"][0].shape
    where, seed = augment.placement(rng, width, height), rng.integers(1 << 40)
    for kind, (gray, labels, marks) in pictures.items():
        light = np.random.default_rng(seed)
        inputs["shown " + kind] = augment.shown(light, gray, where, GAMMA, False)
        told[kind] = augment.taught(labels, where, marks, False)
    for kind in KEPT:
        if kind in room:
            light = np.random.default_rng(seed if rng.random() < ALIKE else rng.integers(1 << 40))
            inputs["kept " + kind] = augment.shown(light, pictures[kind][0], nudged(rng, where),
                                                   GAMMA, False)
    return inputs, told
