"""How well whole looks are judged, beside the frames they are made of.

`looks.py --programs FOLDER --out FOLDER [--count 1050]` draws rooms that no training saw, five
frames of every picture, lets the program judge each frame alone and each look as the eye fuses
it, and prints what becomes of empty beds and of sleepers. One look in four shows somebody who lies
otherwise in its second half. Everything else about a still room is the same in all its frames but
the sensor's noise: breathing, and what a real camera adds, is not in these figures.
"""

import argparse
import csv
import pathlib
import subprocess
import sys

import cv2
import numpy as np

import rooms

# Kept for measuring, as all seeds from rooms.RESERVED_FROM, and not the one of the pictures.
SEED, FRAMES = 9_000_077, 5


def told(program, table, out, *options):
    """What the program prints of a table, as rows."""
    with open(out, "w") as file:
        subprocess.run([str(program), *options, str(table)], stdout=file, check=True)
    with open(out, newline="") as file:
        return list(csv.DictReader(file))


def drawn(program, out, count):
    """The labels of `count` looks, drawn once."""
    if not (out / "labels.csv").exists():
        subprocess.run([str(program), "--count", str(count), "--frames", str(FRAMES), "--seed",
                        str(SEED), "--out", str(out)], check=True)
    (out / "png").mkdir(exist_ok=True)
    for path in sorted((out / "frames").iterdir()):
        # The program reads what cameras' makers write; PGM is none of it.
        if not (out / "png" / f"{path.stem}.png").exists():
            luma = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
            cv2.imwrite(str(out / "png" / f"{path.stem}.png"), luma)
    with open(out / "labels.csv", newline="") as file:
        labels = [row for row in csv.DictReader(file) if row["lens"] == "clear"]
    with open(out / "looks.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "places", "look"])
        writer.writerows([f"png/{pathlib.Path(row['file']).stem}.png", row["sleeping_place"],
                          look_of(row)] for row in labels)
    return labels


def look_of(row):
    """The number of the picture that a frame belongs to."""
    return pathlib.Path(row["file"]).stem[:6]


def groups_of(labels):
    """Looks by what they show: nobody, a sleeper who lies still, one who turns; room of each."""
    frames = {}
    for row in labels:
        frames.setdefault(look_of(row), []).append(row)
    groups, places = {"nobody": [], "lies still": [], "turns": []}, {}
    for look, rows in frames.items():
        pixels = [int(row["person_px"]) for row in rows]
        places[look] = rows[0]["room"]
        if rows[0]["occupant"] == "nobody":
            groups["nobody"].append(look)
        elif rows[0]["occupant"] == "in_bed" and min(pixels) >= rooms.SEEN_PX:
            groups["lies still" if len(set(pixels)) == 1 else "turns"].append(look)
    return groups, places


def word(finding):
    """A finding without its reason."""
    return finding.partition("(")[0]


def main():
    """Draws, judges and prints."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--count", type=int, default=1050)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    labels = drawn(given.programs / "nattsyn-scenes", given.out, given.count)
    score, table = given.programs / "nattsyn-score", given.out / "looks.csv"
    single = told(score, table, given.out / "frames-said.csv")
    fused = told(score, table, given.out / "looks-said.csv", "--looks")
    by_look = {}
    for row in single:
        by_look.setdefault(pathlib.Path(row["file"]).stem[:6], []).append(row)
    said = {row["look"]: word(row["finding"]) for row in fused}
    groups, places = groups_of(labels)
    report(groups, places, by_look, said)


def report(groups, places, by_look, said):
    """Shares of *visible* and *not visible* by frame and by look, and how alike frames are."""
    write = sys.stdout.write
    write("| shown | looks | rooms | a frame: visible / not visible | a look | all frames agree |\n")
    write("|---|---|---|---|---|---|\n")
    for name, looks in groups.items():
        words = [[word(row["finding"]) for row in by_look[look]] for look in looks]
        every = [one for look in words for one in look]
        whole = [said[look] for look in looks]
        agree = np.mean([len(set(look)) == 1 for look in words])
        inside = len({places[look] for look in looks})
        write(f"| {name} | {len(looks)} | {inside} | {shares(every)} | {shares(whole)} "
              f"| {agree:.2f} |\n")
    for name, looks in groups.items():
        logits = [[logit(float(row["in_place"])) for row in by_look[look]] for look in looks]
        within = np.mean([np.std(look) for look in logits])
        between = np.std([np.mean(look) for look in logits])
        spread = np.percentile([np.ptp(look) for look in logits], [50, 95])
        write(f"{name}: evidence varies by {within:.2f} logits within a look and {between:.2f} "
              f"between looks; spread within one {spread[0]:.1f}, of 95 % below {spread[1]:.1f}\n")


def shares(words):
    """Shares of *visible* and *not visible*."""
    visible, absent = words.count("visible"), words.count("not_visible")
    return f"{visible / len(words):.3f} ({visible}) / {absent / len(words):.3f}"


def logit(score):
    """The logit of a score, finite also where it was rounded."""
    inner = min(max(score, 1e-6), 1 - 1e-6)
    return float(np.log(inner / (1 - inner)))


if __name__ == "__main__":
    main()
