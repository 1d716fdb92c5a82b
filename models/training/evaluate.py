"""Tables for the card: `evaluate.py FRAMES.csv ROOT SCORES.csv [--peers DIR] [--sheet OUT.png]`.

SCORES is what `nattsyn-score FRAMES.csv ROOT` printed: the shipped network in tract, its health
and its findings. Beside it, on the same pictures in the same run: three scores that know nothing
(mean, contrast, sharpness) and, with `--peers`, COCO detectors as ONNX files, on the picture as it
is and after a contrast stretch. A comparison that a trivial score
wins says nothing about eyes.

`--sheet` draws the worst errors for looking at; such a sheet holds real pictures and is never
to be kept.
"""

import argparse
import collections
import csv
import pathlib

import cv2
import numpy as np
import onnxruntime

MEAN = np.array([103.53, 116.28, 123.675], np.float32)
DEVIATION = np.array([57.375, 57.12, 58.395], np.float32)
# Pairs that hold both classes in one source, or are alike in light: positives, negatives.
PAIRS = [
    ("EventSleep-edge in bed / painted empty", ("EventSleep-edge", "person_in_bed"),
     ("EventSleep-erased", "empty_bed_painted")),
    ("sickbed in bed / empty", ("sickbed-detection", "person_in_bed"),
     ("sickbed-detection", "empty_bed")),
    ("sickbed anyone / empty", ("sickbed-detection", "person"),
     ("sickbed-detection", "empty_bed")),
    ("patient-falling in bed / Scene rooms", ("patient-falling-binary-classification",
     "person_in_bed"), ("Scene-recognition-with-bag-of-words", "empty")),
    ("sleepers (weak) / houses (weak)", ("sleepers", "sleeper"), ("houses", "empty")),
    ("EventSleep-edge in bed / all real empties", ("EventSleep-edge", "person_in_bed"),
     ("", "empty")),
    ("generated in bed / nobody", ("rooms/clear", "in_bed"), ("rooms/clear", "nobody")),
]


def auc(positive, negative):
    """Share of pairs in the right order; ties count half."""
    both = np.r_[positive, negative]
    _, back, counts = np.unique(both, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[back]
    n = len(positive)
    return (rank[:n].sum() - n * (n + 1) / 2) / (n * len(negative))


def stretched(luma):
    """Contrast from the 1st to the 99.5th percentile, as the peers were tried before."""
    low, high = np.percentile(luma, 1), np.percentile(luma, 99.5)
    scaled = (luma.astype(np.float32) - low) * 255 / max(high - low, 1)
    return np.clip(scaled, 0, 255).astype(np.uint8)


class Peers:
    """COCO detectors; the score of a picture is its highest person score."""

    def __init__(self, folder):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = 1, 4
        self.sessions = {
            name: onnxruntime.InferenceSession(str(folder / (name + ".onnx")), options)
            for name in ("yolox_nano", "nanodet_m_416", "picodet_s_416", "FastestDet")
        }

    def score(self, name, luma):
        """The highest person score of one picture."""
        colour = cv2.merge([luma] * 3)
        session = self.sessions[name]
        if name == "yolox_nano":
            height, width = luma.shape
            scale = min(416 / height, 416 / width)
            padded = np.full((416, 416, 3), 114, np.uint8)
            small = cv2.resize(colour, (int(width * scale), int(height * scale)))
            padded[: small.shape[0], : small.shape[1]] = small
            picture = padded.astype(np.float32)
        elif name == "FastestDet":
            picture = cv2.resize(colour, (352, 352)).astype(np.float32) / 255
        else:
            picture = (cv2.resize(colour, (416, 416)) - MEAN) / DEVIATION
        fed = {session.get_inputs()[0].name: picture.astype(np.float32).transpose(2, 0, 1)[None]}
        out = session.run(None, fed)
        if name == "yolox_nano":
            return float((out[0][0][:, 4] * out[0][0][:, 5]).max())
        if name == "FastestDet":
            return float((out[0][0][0] ** 0.6 * out[0][0][5] ** 0.4).max())
        levels = out[: 3 if name == "nanodet_m_416" else 4]
        return float(max(level[0][:, 0].max() for level in levels))


def trivial(luma):
    """Mean, contrast and sharpness: what no eye is needed for."""
    small = cv2.resize(luma, (160, 128), interpolation=cv2.INTER_AREA).astype(np.float32)
    low, high = np.percentile(small, (1, 99))
    edges = np.abs(np.diff(small, axis=1)).mean() / max(high - low, 1)
    return {"mean": small.mean(), "contrast": high - low, "sharpness": edges}


def source_of(row):
    """The folder of real frames, or the generated source with its lens."""
    return row["source"] if row["source"].startswith("rooms/") else row["file"].split("/")[1]


def shares(rows):
    """The table of findings per source and label."""
    groups = collections.defaultdict(list)
    for row in rows:
        groups[source_of(row), row["label"]].append(row)
    print("| source | label | n | scenes | visible | unclear | not visible | technical |")
    print("|---|---|---|---|---|---|---|---|")
    for (source, label), here in sorted(groups.items()):
        found = collections.Counter(row["finding"].split("(")[0] for row in here)
        part = " | ".join(f"{found[name] / len(here):.2f}"
                          for name in ("visible", "unclear", "not_visible", "technical"))
        scenes = len({row["scene"] for row in here})
        print(f"| {source} | {label} | {len(here)} | {scenes} | {part} |")


def pick(rows, wanted):
    """Indices of rows of a source (any, if empty) whose label starts so."""
    source, label = wanted
    return [i for i, row in enumerate(rows)
            if (source_of(row) == source or (not source and not row["label"].endswith("_painted")))
            and row["label"].startswith(label)]


def comparisons(rows, scores):
    """AUC per pair and score; trivial scores count either way round."""
    names = list(scores)
    print("\n| pair | n | " + " | ".join(names) + " |")
    print("|---|---|" + "---|" * len(names))
    for title, positive, negative in PAIRS:
        a, b = pick(rows, positive), pick(rows, negative)
        if not a or not b:
            continue
        cells = []
        for name in names:
            value = auc(scores[name][a], scores[name][b])
            if name in ("mean", "contrast", "sharpness"):
                value = max(value, 1 - value)
            cells.append(f"{value:.2f}")
        print(f"| {title} | {len(a)} / {len(b)} | " + " | ".join(cells) + " |")
    painted = {row["file"].split("/")[-1]: i for i, row in enumerate(rows)
               if source_of(row) == "EventSleep-erased"}
    both = [(i, painted[row["file"].split("/")[-1]]) for i, row in enumerate(rows)
            if source_of(row) == "EventSleep-edge" and row["file"].split("/")[-1] in painted]
    if both:
        here, gone = np.array(both).T
        falls = {name: f"{(values[here] > values[gone]).mean():.2f}"
                 for name, values in scores.items()}
        print(f"\nScore falls when the person is painted out ({len(both)} pairs): {falls}")


def sheet(rows, root, path):
    """The worst errors side by side: false visible first, then missed sleepers."""
    wrong = sorted((r for r in rows if r["person"] == "no" and r["finding"] == "visible"),
                   key=lambda r: -float(r["in_place"]))[:18]
    wrong += sorted((r for r in rows if r["label"].startswith(("person_in_bed", "in_bed"))
                     and r["finding"] == "not_visible"), key=lambda r: float(r["in_place"]))[:18]
    tiles = []
    for row in wrong:
        tile = cv2.resize(cv2.imread(str(root / row["file"]), 0), (320, 240))
        text = f"{row['label'][:14]} {row['in_place'][:5]} {row['elsewhere'][:5]}"
        tiles.append(cv2.putText(tile, text, (4, 14), 0, 0.45, 255))
    while len(tiles) % 6:
        tiles.append(np.zeros((240, 320), np.uint8))
    if tiles:
        lines = [np.hstack(tiles[i : i + 6]) for i in range(0, len(tiles), 6)]
        cv2.imwrite(str(path), np.vstack(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("frames", type=pathlib.Path)
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("scores", type=pathlib.Path)
    parser.add_argument("--peers", type=pathlib.Path)
    parser.add_argument("--sheet", type=pathlib.Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    scored = {row["file"]: row for row in csv.DictReader(open(options.scores))}
    rows = [{**row, **scored[row["file"]]} for row in csv.DictReader(open(options.frames))
            if row["file"] in scored and row["person"] in ("yes", "no")]
    shares(rows)
    scores = {"ours, in place": np.array([float(row["in_place"]) for row in rows]),
              "ours, anywhere": np.array([float(row["score"]) for row in rows])}
    pictures = [cv2.imread(str(options.root / row["file"]), cv2.IMREAD_GRAYSCALE) for row in rows]
    simple = [trivial(luma) for luma in pictures]
    for name in ("mean", "contrast", "sharpness"):
        scores[name] = np.array([each[name] for each in simple])
    if options.peers:
        peers = Peers(options.peers)
        for name in peers.sessions:
            for prepare, mark in ((lambda x: x, ""), (stretched, ", stretched")):
                found = [peers.score(name, prepare(luma)) for luma in pictures]
                scores[name + mark] = np.array(found)
    comparisons(rows, scores)
    if options.sheet:
        sheet(rows, options.root, options.sheet)


if __name__ == "__main__":
    main()
