"""Makes generated rooms readable for `nattsyn-score`: `rooms.py ROOMS OUT [--held-out]`.

Writes `OUT/frames.csv` (file, label, person, source, scene, places, note) and the pictures as
PNG. `--held-out` keeps only the rooms that training never shows. Pictures with a blinded lens
keep their label with the lens in `source`, so that they are counted as technical faults.
"""

import csv
import pathlib
import sys

import cv2

from train import held_out

FIELDS = ["file", "label", "person", "source", "scene", "places", "note"]


def main():
    root, out = map(pathlib.Path, sys.argv[1:3])
    only = "--held-out" in sys.argv[3:]
    (out / "frames").mkdir(parents=True, exist_ok=True)
    count = 0
    with open(out / "frames.csv", "w", newline="") as table:
        writer = csv.DictWriter(table, FIELDS)
        writer.writeheader()
        for row in csv.DictReader(open(root / "labels.csv")):
            scene = "room-" + row["room"]
            if only and not held_out(scene):
                continue
            file = f"frames/{pathlib.Path(row['file']).stem}.png"
            gray = cv2.imread(str(root / row["file"]), cv2.IMREAD_GRAYSCALE)
            cv2.imwrite(str(out / file), gray, [cv2.IMWRITE_PNG_COMPRESSION, 1])
            writer.writerow({
                "file": file, "label": row["occupant"],
                "person": "no" if row["occupant"] == "nobody" else "yes",
                "source": "rooms/" + row["lens"], "scene": scene,
                "places": row["sleeping_place"],
                "note": f"{row['bedding']} {row['view']} {row['person_px']} px seen",
            })
            count += 1
    print(f"{out}: {count} pictures")


if __name__ == "__main__":
    main()
