"""Measures the model as it is built into `nattsyn-score`, and writes one report.

    evaluate.py --data DIR --programs DIR --out DIR [--peers DIR] [--pictures N] [--research ONNX]

DATA is a folder of real frames (`frames.csv`, `frames/`), PROGRAMS holds `nattsyn-score` and
`nattsyn-scenes`, PEERS holds other projects' detectors as ONNX, RESEARCH is a second network of
our own. Writes `report.md`, `scores-*.csv`, `sheets/` and `failures/` into OUT. The same programs
and pictures give the same report, byte for byte.

Nothing here trains, chooses a threshold or changes the model. Copies of real pictures (pushed to
night, damaged) are deleted after they were judged. `sheets/` shows real pictures too, is for
looking at and never to be kept; `failures/` shows only generated ones, for the model's card.
"""

import argparse
import csv
import hashlib
import json
import pathlib
import shutil
import sys
import time

import cv2

import damage
import failures
import generated
import night
import report
import research
import rivals
import rooms
import sheets
from judged import judged
from thin import source_of, thinned

HERE = pathlib.Path(__file__).resolve().parent
MANIFEST = HERE.parent / "artifacts" / "manifest.json"
# Real near-infrared pictures are night already.
NIGHT_ALREADY = ("EventSleep", "BabySleepCoach")
# Every how many real and generated pictures are damaged: some 80 of each.
DAMAGED_EVERY = {"real": 8, "rooms": 30}
BEGAN = time.monotonic()


def tell(text):
    """One line of progress."""
    print(f"eval {time.monotonic() - BEGAN:5.0f} s  {text}", file=sys.stderr, flush=True)


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--peers", default="")
    parser.add_argument("--pictures", type=int, default=rooms.PICTURES,
                        help="generated pictures; fewer for a quick look")
    parser.add_argument("--research", default="",
                        help="a second network of our own, put beside the shipped one")
    given = parser.parse_args()
    if not given.data:
        raise SystemExit("eval: NATTSYN_DATA is not set. It names the folder of real frames that "
                         "holds frames.csv and frames/; without them there is nothing to "
                         "measure. Try: NATTSYN_DATA=a/folder make eval")
    given.data = pathlib.Path(given.data).resolve()
    if not (given.data / "frames.csv").is_file():
        raise SystemExit(f"eval: NATTSYN_DATA is {given.data}, which has no frames.csv")
    for name in ("nattsyn-score", "nattsyn-scenes"):
        if not (given.programs / name).is_file():
            raise SystemExit(f"eval: {given.programs / name} is not built")
    return given


def gray(path):
    """A picture as the program reads it, in gray."""
    luma = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if luma is None:
        raise SystemExit(f"eval: {path} is no picture that can be read")
    return luma


def real_rows(data):
    """The real frames that are measured."""
    with open(data / "frames.csv", newline="") as table:
        kept = thinned(list(csv.DictReader(table)))
    return [{**row, "file": str(data / row["file"]), "name": row["file"].rsplit("/", 1)[-1],
             "source": source_of(row), "light": "as is", "places": ""} for row in kept]


def outlined_rows(rows):
    """Real frames whose bed was outlined by hand, once more with the outline."""
    with open(HERE / "outlines.csv", newline="") as table:
        places = {(row["source"], row["name"]): row["places"] for row in csv.DictReader(table)}
    return [{**row, "places": places[row["source"], row["name"]], "light": "outlined"}
            for row in rows if (row["source"], row["name"]) in places]


def written(luma, path):
    """Writes a picture without loss; gives its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), luma, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return str(path)


def night_rows(rows, folder):
    """Daylight frames pushed to night."""
    day = [row for row in rows if not row["source"].startswith(NIGHT_ALREADY)]
    tell(f"pushing {len(day)} daylight pictures to night")
    return [{**row, "file": written(night.pushed(gray(row["file"])), folder / f"{i:05}.png"),
             "light": "night"} for i, row in enumerate(day)]


def damaged_rows(real, drawn, folder):
    """Damaged copies of some real and some generated pictures."""
    some = [("real", row) for row in real[:: DAMAGED_EVERY["real"]]]
    some += [("rooms", row) for row in generated.clear(drawn)[:: DAMAGED_EVERY["rooms"]]]
    tell(f"damaging {len(some)} pictures in {len(damage.KINDS)} ways")
    out = []
    for number, (source, row) in enumerate(some):
        for kind, luma in damage.copies(gray(row["file"]), number):
            expected, must = damage.KINDS[kind]
            path = folder / kind.replace(" %", "").replace(" ", "-") / f"{number:04}.png"
            out.append({"file": written(luma, path), "source": source, "label": kind,
                        "places": row["places"], "person": row["person"], "scene": row["scene"],
                        "expected": expected, "must": must, "condition": kind})
    return out


def with_trivial(rows):
    """Rows with the scores that know nothing, and a digest of the exact pixels."""
    out = []
    for row in rows:
        luma = gray(row["file"])
        digest = hashlib.sha256(f"{luma.shape}".encode() + luma.tobytes()).hexdigest()
        out.append({**row, **rivals.trivial(luma), "digest": digest})
    return out


def with_peers(rows, folder, out):
    """Adds the detectors' scores to the frames of every comparison; gives the scores' names."""
    if not folder:
        tell("PEERS is not set: no other detector is measured beside ours")
        return []
    peers, compared = rivals.Peers(folder), report.for_peers(rows)
    kept = rivals.Kept(out / "peers.json", peers)
    tell(f"judging {len(compared)} pictures with {len(rivals.FILES)} detectors, each fed two ways")
    for number, row in enumerate(compared):
        row.update(kept.scores(row["digest"], lambda row=row: gray(row["file"])))
        if (number + 1) % 100 == 0:
            tell(f"  {number + 1} of {len(compared)}")
    kept.write()
    return [f"{name}, {way}" for name in rivals.FILES for way in rivals.WAYS]


def second(path, real, drawn, out):
    """Real and generated rows as a second network scores them, or None without one."""
    if not path:
        return None
    network = research.Network(path, out / "research.json")
    rows = real + research.asked(drawn)
    judged_again = research.judged(network, rows, gray, tell)
    return judged_again[: len(real)], judged_again[len(real) :]


def main():
    given = arguments()
    cv2.setNumThreads(1)
    out, programs = given.out.resolve(), given.programs.resolve()
    copies = out / "copies"
    shutil.rmtree(copies, ignore_errors=True)
    copies.mkdir(parents=True)
    score = programs / "nattsyn-score"
    try:
        real = real_rows(given.data)
        real += outlined_rows(real) + night_rows(real, copies / "night")
        real = with_trivial(judged(score, real, "real", out, tell))
        tell("drawing generated rooms")
        drawn = rooms.read(rooms.drawn(
            programs / "nattsyn-scenes", out / "rooms", given.pictures, tell))
        drawn = with_trivial(judged(score, drawn, "rooms", out, tell))
        generated.dark_third(drawn)
        tell(f"{len({row['scene'] for row in drawn})} independent rooms")
        day = [row for row in real if row["light"] == "as is"]
        harm = judged(score, damaged_rows(day, drawn, copies / "damaged"), "damaged", out, tell)
        peers = with_peers(real, given.peers, out)
        other = second(given.research, real, drawn, out)
        text = report.written(json.loads(MANIFEST.read_text()), real, drawn, harm, peers, other)
        (out / "report.md").write_text(text)
        tell("drawing contact sheets")
        sheets.draw(real, drawn, harm, out / "sheets")
        failures.draw(drawn, out / "failures")
    finally:
        shutil.rmtree(copies, ignore_errors=True)
    print(text)
    tell(f"report: {out / 'report.md'}; look at {out / 'sheets'}, and keep none of those; the card "
         f"shows {out / 'failures'}")


if __name__ == "__main__":
    main()
