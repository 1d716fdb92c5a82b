"""How few bytes of JPEG still show that somebody lies in a bed.

Writes each picture of a folder smaller and coarser, blown up again to its own size, and has the
shipped network score them (`nattsyn-score`). Prints one line a size: median bytes, how many the
network still calls *visible*, and the median score. Writes a sheet to be judged by eye, too:
what a person makes out is less than what proves anything, and no number here says it.

    python smallest.py PICTURES SHEET.png [--score target/release/nattsyn-score]
"""

import argparse
import csv
import io
import statistics
import subprocess
import tempfile
from pathlib import Path

import cv2
import numpy as np

# Width in pixels and JPEG quality, from what shows nothing to what the network can judge.
SIZES = [(96, 50), (128, 40), (160, 20), (160, 40), (240, 20), (320, 40)]
# Pictures on the sheet, and how wide each is shown.
SHOWN, SHOWN_PX = 5, 260


def smaller(picture, width, quality):
    """The picture as a small JPEG, and how many bytes that takes."""
    height = round(width * picture.shape[0] / picture.shape[1])
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    done, code = cv2.imencode(".jpg", small, options)
    assert done, "JPEG could not be written"
    back = cv2.imdecode(code, cv2.IMREAD_GRAYSCALE)
    size = picture.shape[::-1]
    return cv2.resize(back, size, interpolation=cv2.INTER_CUBIC), len(code)


def scores(program, pictures):
    """Finding and score in the bed of each picture, by the shipped network."""
    with tempfile.TemporaryDirectory() as folder:
        for number, picture in enumerate(pictures):
            cv2.imwrite(f"{folder}/{number:04}.png", picture)
        out = subprocess.run([program, folder], check=True, capture_output=True, text=True)
    rows = list(csv.DictReader(io.StringIO(out.stdout)))
    return [(row["finding"], float(row["in_place"] or 0)) for row in rows]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", type=Path)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--score", default="target/release/nattsyn-score")
    options = parser.parse_args()
    files = sorted(options.pictures.glob("*.jpg")) + sorted(options.pictures.glob("*.png"))
    pictures = [cv2.imread(str(file), cv2.IMREAD_GRAYSCALE) for file in files]
    if not pictures or any(picture is None for picture in pictures):
        raise SystemExit(f"{options.pictures}: no pictures, or one that cannot be read")
    columns = []
    for width, quality in SIZES:
        made = [smaller(picture, width, quality) for picture in pictures]
        size = statistics.median(length for _, length in made)
        judged = scores(options.score, [picture for picture, _ in made])
        seen = sum(finding == "visible" for finding, _ in judged)
        middle = statistics.median(score for _, score in judged)
        print(f"{width} px, quality {quality}: {size:.0f} bytes, visible {seen} of "
              f"{len(judged)}, median score {middle:.2f}", flush=True)
        shown = made[:: max(1, len(made) // SHOWN)][:SHOWN]
        height = round(SHOWN_PX * pictures[0].shape[0] / pictures[0].shape[1])
        columns.append(np.vstack([cv2.resize(it, (SHOWN_PX, height)) for it, _ in shown]))
    cv2.imwrite(str(options.sheet), np.hstack(columns))


if __name__ == "__main__":
    main()
