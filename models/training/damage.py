"""Damaged copies of pictures, to count what the health check says: `damage.py FRAMES.csv ROOT OUT`.

Takes every eighth row; writes one copy a kind under `OUT/frames/KIND` and `OUT/frames.csv`, for
`nattsyn-score`. Kinds: lamp dead (0 to 3 % of the light), black, white, blown out, covered flat
(uniform gray with slow shading), covered soft (shapes as of a hand close to the lens), defocused
(Gaussian, 2.5 to 4.7 % of the width); all with sensor noise. The copies are never kept.
"""

import csv
import pathlib
import sys

import cv2
import numpy as np

EXPECTED = {"lamp_dead": "dark", "black": "dark", "white": "saturated", "blown_out": "saturated",
            "covered_flat": "covered", "covered_soft": "covered", "defocused": "blurred"}


def damaged(rng, kind, luma):
    """One damaged copy."""
    height, width = luma.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    if kind == "lamp_dead":
        value = luma * rng.uniform(0, 0.03) + rng.uniform(0, 4)
    elif kind == "black":
        value = np.full(luma.shape, rng.uniform(0, 6))
    elif kind == "white":
        value = np.full(luma.shape, rng.uniform(252, 258))
    elif kind == "blown_out":
        value = luma * rng.uniform(8, 20) + rng.uniform(150, 250)
    elif kind == "covered_flat":
        turn = rng.uniform(0, 2 * np.pi)
        slope = x * np.cos(turn) + y * np.sin(turn)
        value = rng.uniform(20, 200) + rng.uniform(0, 25) * slope
    elif kind == "covered_soft":
        coarse = rng.standard_normal((3, 4))
        shapes = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        value = rng.uniform(30, 200) * np.exp(rng.uniform(0.05, 0.3) * shapes)
    else:
        value = cv2.GaussianBlur(luma, (0, 0), width * rng.uniform(0.025, 0.047)).astype(float)
    noise = rng.normal(0, rng.uniform(0.5, 3), luma.shape)
    return np.clip(value + noise, 0, 255).astype(np.uint8)


def main():
    table, root, out = map(pathlib.Path, sys.argv[1:4])
    rng = np.random.default_rng(1)
    rows = list(csv.DictReader(open(table)))[::8]
    for kind in EXPECTED:
        (out / "frames" / kind).mkdir(parents=True, exist_ok=True)
    with open(out / "frames.csv", "w", newline="") as made:
        writer = csv.writer(made)
        writer.writerow(["file", "label", "person", "source", "scene", "expected"])
        for number, row in enumerate(rows):
            luma = cv2.imread(str(root / row["file"]), cv2.IMREAD_GRAYSCALE)
            for kind, expected in EXPECTED.items():
                file = f"frames/{kind}/{number:04}.png"
                cv2.imwrite(str(out / file), damaged(rng, kind, luma),
                            [cv2.IMWRITE_PNG_COMPRESSION, 1])
                writer.writerow([file, kind, row["person"], "damaged", row["scene"], expected])
    print(f"{out}: {len(rows)} pictures, {len(EXPECTED)} kinds")


if __name__ == "__main__":
    main()
