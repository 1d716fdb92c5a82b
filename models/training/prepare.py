"""Gathers what may be trained on into one file: `prepare.py OUT.npz --generated DIR ...`.

Three kinds of material, all of it free to ship what is fitted on it:
- `--sketch DIR`: the first generated frames (`frames.csv`: cls, visible, bulge; colour masks);
- `--rooms DIR`: frames of the scenes crate (`labels.csv`; repeatable);
- `--photos FRAMES.csv`: rows with `use = train`, their person and bed boxes in `note`.
Rows with another `use` are never read, but by `--research-only FRAMES.csv`: photographs with weak
labels whose licence forbids to ship what is fitted on them. It exists to measure what that costs.

Every picture is kept gray, at most 400 pixels long, with one byte of labels a pixel (bit 1
somebody in a bed, bit 2 somebody elsewhere, bit 4 really visible rather than under a cover, bit 8
nothing is known about where) and four marks from -1 to 1 for bed, elsewhere, anyone and several:
1 yes, 0 no, -1 cannot be told from the picture.
"""

import argparse
import csv
import pathlib

import cv2
import numpy as np

LONGEST = 400
IN_BED, ELSEWHERE, SEEN, UNPLACED = 1, 2, 4, 8
# Shares of the picture. A head in a ceiling corner's view covers about 0.3 %; less than half of
# that is not taught as a person, however large the heap of bedding: a heap can be empty.
SEEN_ENOUGH, NOTHING = 0.0015, 0.0003
# What stands before the camera in the rooms' pictures; only clear ones teach.
CLEAR = "clear"
# Share of a picture that must show the same with and without its sleeper.
COMMON_MIN = 0.01
# Somebody upright on the bed's edge is in the frame; whether that is in bed is not taught: at
# this size they look like somebody standing before it, who must not count as in bed.
SITTING = (-1, -1, 1, 0)


class Material:
    """Collects pictures; `save` writes them."""

    def __init__(self):
        self.pictures, self.labels, self.marks = [], [], []
        self.scenes, self.kinds, self.gamma = [], [], []

    def add(self, gray, labels, marks, scene, kind, gamma):
        """One picture with its label bytes, both brought to the common size."""
        scale = min(1, LONGEST / max(gray.shape))
        size = (round(gray.shape[1] * scale), round(gray.shape[0] * scale))
        self.pictures.append(cv2.resize(gray, size, interpolation=cv2.INTER_AREA))
        self.labels.append(cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST))
        self.marks.append(marks)
        self.scenes.append(scene)
        self.kinds.append(kind)
        self.gamma.append(gamma)

    def save(self, path):
        """Writes one compressed-free file that training maps into memory."""
        np.savez(
            path, pixels=np.concatenate([p.reshape(-1) for p in self.pictures]),
            labels=np.concatenate([p.reshape(-1) for p in self.labels]),
            shapes=np.array([p.shape for p in self.pictures], np.int32),
            marks=np.array(self.marks, np.int8), scenes=np.array(self.scenes),
            kinds=np.array(self.kinds), gamma=np.array(self.gamma, np.float32),
        )


def marks_of(in_bed, visible, bulge):
    """Bed, elsewhere, anyone, several: by what can be seen, not by what is true."""
    if visible >= SEEN_ENOUGH:
        return (1, 0, 1, 0) if in_bed else (0, 1, 1, 0)
    if bulge <= NOTHING:
        return (0, 0, 0, 0)
    return (-1, 0, -1, 0) if in_bed else (0, -1, -1, 0)


def add_sketch(material, root):
    """The first generated frames."""
    for row in csv.DictReader(open(root / "frames.csv")):
        gray = cv2.imread(str(root / row["file"]), cv2.IMREAD_GRAYSCALE)
        mask = cv2.imread(str(root / row["mask"]))
        visible, person = mask[:, :, 2] > 127, mask[:, :, 1] > 127
        in_bed = row["cls"].startswith("in_bed")
        labels = np.where(person, IN_BED if in_bed else ELSEWHERE, 0) + np.where(visible, SEEN, 0)
        nobody = row["cls"].startswith(("empty", "twin"))
        seen, bulge = float(row["visible"]), 0.0 if nobody else float(row["bulge"])
        marks = (0, 0, 0, 0) if nobody else marks_of(in_bed, seen, bulge)
        if row["cls"].startswith("sitting"):
            labels[:], marks = UNPLACED, SITTING
        scene = "sketch-" + row["scene"]
        material.add(gray, labels.astype(np.uint8), marks, scene, row["cls"], 2.0)


def boxes_of(note):
    """Person and bed boxes of a photograph, as fractions: (left, top, right, bottom)."""
    people, beds = [], []
    for part in note.split(":", 1)[-1].split(";"):
        numbers = part.split()
        if len(numbers) != 5:
            continue
        x, y, w, h = map(float, numbers[1:])
        box = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
        (people if numbers[0] == "0" else beds).append(box)
    return people, beds


def share_inside(box, other):
    """Share of `box` that lies in `other`."""
    wide = max(0.0, min(box[2], other[2]) - max(box[0], other[0]))
    high = max(0.0, min(box[3], other[3]) - max(box[1], other[1]))
    return wide * high / max((box[2] - box[0]) * (box[3] - box[1]), 1e-9)


def add_photos(material, frames_csv):
    """Photographs whose licence allows it. A person's outline is taken as an ellipse."""
    for row in csv.DictReader(open(frames_csv)):
        if row["use"] != "train":
            continue
        gray = cv2.imread(str(frames_csv.parent / row["file"]), cv2.IMREAD_GRAYSCALE)
        height, width = gray.shape
        labels, bed, other = np.zeros_like(gray), 0, 0
        people, beds = boxes_of(row["note"]) if row["person"] == "yes" else ([], [])
        for box in people:
            lying = any(share_inside(box, each) > 0.6 for each in beds)
            centre = (int((box[0] + box[2]) / 2 * width), int((box[1] + box[3]) / 2 * height))
            axes = (int((box[2] - box[0]) / 2 * width * 0.85),
                    int((box[3] - box[1]) / 2 * height * 0.95))
            bits = (IN_BED if lying else ELSEWHERE) | SEEN
            cv2.ellipse(labels, centre, axes, 0, 0, 360, bits, -1)
            large = (box[2] - box[0]) * (box[3] - box[1]) >= SEEN_ENOUGH * 2
            bed = -1
            if not lying:
                other = max(other, 1) if large else (other or -1)
        anyone = 1 if other == 1 else bed
        several = 0 if len(people) < 2 else (1 if other == 1 else -1)
        marks = (bed, other, anyone, several)
        material.add(gray, labels, marks, "photo-" + row["scene"], "photo", 2.2)


# What weak labels say: somebody in the bed, somebody elsewhere, nobody. Where, nobody says.
WEAK = {"sleeper_weak": (1, -1, 1, -1), "person_in_room_weak": (-1, -1, 1, -1),
        "empty_bed_weak": (0, 0, 0, 0), "empty_room_weak": (0, 0, 0, 0)}


def add_research(material, frames_csv):
    """Photographs that may not fit a network that is given away."""
    for row in csv.DictReader(open(frames_csv)):
        marks = WEAK.get(row["label"])
        if marks is None:
            continue
        gray = cv2.imread(str(frames_csv.parent / row["file"]), cv2.IMREAD_GRAYSCALE)
        labels = np.full_like(gray, UNPLACED if marks[2] else 0)
        material.add(gray, labels, marks, "weak-" + row["scene"], "photo", 2.2)


def room_marks(row, share):
    """Bed, elsewhere, anyone, several for a row of the scenes crate's labels."""
    occupant = row["occupant"]
    if occupant == "nobody":
        return (0, 0, 0, 0)
    if occupant == "two":
        return (1, -1, 1, 1)
    if occupant == "sitting_on_edge":
        return SITTING
    return marks_of(occupant == "in_bed", share, 1.0)


def left(picture, mask, empty):
    """The bed as its sleeper leaves it: bedding as they lay under it, nobody to be seen.

    Where the person shows, the room's empty picture is put in, at this picture's exposure; the
    duvet keeps its heap. Without such pictures a net learns that a heaped duvet is a person.
    None if too little of the room is common to both to find the exposure.
    """
    person = cv2.dilate((mask == 255).astype(np.uint8), np.ones((5, 5), np.uint8))
    same = cv2.dilate((mask > 0).astype(np.uint8), np.ones((9, 9), np.uint8)) == 0
    if same.mean() < COMMON_MIN:
        return None
    curve = np.polyfit(empty[same].astype(np.float32), picture[same].astype(np.float32), 2)
    there = np.polyval(curve, empty.astype(np.float32))
    soft = np.maximum(cv2.GaussianBlur(person.astype(np.float32), (0, 0), 1.2), person)
    return np.clip(picture * (1 - soft) + there * soft, 0, 255).astype(np.uint8)


def add_room(material, root, row, gray, empty):
    """One frame of a room, and the bed as its sleeper leaves it."""
    mask = cv2.imread(str(root / row["mask"]), cv2.IMREAD_GRAYSCALE)
    marks = room_marks(row, (mask == 255).mean())
    bits = IN_BED if marks[1] == 0 else ELSEWHERE
    labels = np.where(mask > 0, bits, 0) + np.where(mask == 255, SEEN, 0)
    if row["occupant"] in ("two", "sitting_on_edge"):
        labels[:] = UNPLACED
    scene = "room-" + row["room"]
    material.add(gray, labels.astype(np.uint8), marks, scene, row["occupant"], 2.0)
    if row["occupant"] != "in_bed" or marks[0] != 1 or empty is None:
        return
    gone = left(gray, mask, empty)
    if gone is not None:
        material.add(gone, np.zeros_like(gray), (0, 0, 0, 0), scene, "left", 2.0)


def add_rooms(material, root):
    """Frames of the scenes crate: masks hold 255 for the person and 128 for bedding over one."""
    rows = [row for row in csv.DictReader(open(root / "labels.csv"))
            if row["lens"] == CLEAR and row["sleeping_place"]]
    clear = {row["file"] for row in rows}
    for row in rows:
        gray = cv2.imread(str(root / row["file"]), cv2.IMREAD_GRAYSCALE)
        twin = row["twin_of"] if row["occupant"] == "in_bed" else ""
        empty = cv2.imread(str(root / twin), cv2.IMREAD_GRAYSCALE) if twin in clear else None
        add_room(material, root, row, gray, empty)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--sketch", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--rooms", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--photos", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--research-only", type=pathlib.Path, action="append", default=[])
    options = parser.parse_args()
    material = Material()
    for adder, roots in ((add_sketch, options.sketch), (add_rooms, options.rooms),
                         (add_photos, options.photos), (add_research, options.research_only)):
        for root in roots:
            before = len(material.marks)
            adder(material, root)
            marks = np.array(material.marks[before:])
            counts = [[int((marks[:, k] == v).sum()) for v in (1, 0, -1)] for k in range(3)]
            print(f"{root.name}: {len(marks)} pictures; yes/no/untellable: "
                  f"bed {counts[0]}, elsewhere {counts[1]}, anyone {counts[2]}", flush=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    material.save(options.out)


if __name__ == "__main__":
    main()
