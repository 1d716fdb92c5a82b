"""A second network beside the shipped one: what the rule on data costs, or what a change brings.

`make eval RESEARCH=network.onnx` judges the pictures of the comparisons with it, in onnxruntime
and with the Python twin of our own steps (`../training/frames.py`), so it needs no build and is
shipped by nobody. It has no thresholds of its own: both networks are asked at thresholds found by
the same rule, by *in place* alone. Health does not come from the network and is not compared.
"""

import hashlib
import json
import pathlib
import sys

import onnxruntime

import figures
import generated
import pairs
import safety
from tables import digits, table

TRAINING = pathlib.Path(__file__).resolve().parent.parent / "training"
sys.path.insert(0, str(TRAINING))
import frames  # noqa: E402  the twin lives with the training that relies on it

# The share of real empty pictures, and of generated empty rooms, that a threshold may let pass.
REAL_FALSE, ROOMS_FALSE = 0.02, safety.ALLOWED


class Network:
    """A network of our own shape, and what it said in earlier runs."""

    def __init__(self, path, kept):
        path = pathlib.Path(path)
        if not path.is_file():
            raise SystemExit(f"eval: RESEARCH is {path}, which is no file")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"])
        twin = (TRAINING / "frames.py").read_bytes()
        self.digest = hashlib.sha256(path.read_bytes() + twin).hexdigest()
        self.kept, self.found = kept, {}
        if kept.exists():
            stored = json.loads(kept.read_text())
            if stored.get("network") == self.digest:
                self.found = stored["scores"]

    def scores(self, row, picture):
        """`in_place`, `elsewhere` and `anywhere` of a row; `picture` gives its pixels."""
        key = f"{row['digest']} {row.get('places', '')}"
        if key not in self.found:
            fed = {"frame": frames.network_input(picture())}
            cells, whole = self.session.run(["map", "whole"], fed)
            seen = frames.sighting(cells[0], whole[0], polygons(row.get("places", "")))
            self.found[key] = [float(value) for value in seen[:3]]
        return dict(zip(("in_place", "elsewhere", "anywhere"), self.found[key]))

    def write(self):
        """Keeps what was found."""
        self.kept.write_text(json.dumps({"network": self.digest, "scores": self.found}))


def polygons(text):
    """Sleeping places from their column; the whole frame without any."""
    found = []
    for polygon in text.split(";"):
        numbers = list(map(float, polygon.split()))
        if numbers:
            found.append(tuple(zip(numbers[::2], numbers[1::2])))
    return tuple(found) or (frames.WHOLE_FRAME,)


def judged(network, rows, picture, tell):
    """Copies of the rows with the other network's scores in place of the shipped one's."""
    tell(f"judging {len(rows)} pictures with the second network")
    out = []
    for number, row in enumerate(rows):
        out.append({**row, **network.scores(row, lambda row=row: picture(row["file"]))})
        if (number + 1) % 500 == 0:
            tell(f"  {number + 1} of {len(rows)}")
    network.write()
    return out


def asked(rows):
    """The generated pictures that the comparison needs."""
    return generated.empties(rows) + generated.seen_sleepers(rows)


def highest(rows):
    """The highest score in place of every scene."""
    found = {}
    for row in rows:
        found[row["scene"]] = max(row["in_place"], found.get(row["scene"], 0.0))
    return list(found.values())


def found_at(rows, least):
    """The share with a score in place of at least that."""
    return digits(sum(row["in_place"] >= least for row in rows) / len(rows)) if rows else "–"


def figures_of(real, drawn, groups):
    """Every figure of one network by its title."""
    compared = pairs.compared(real, [])
    out = {f"AUC, {each['pair'].title}": digits(each["ours"]) for each in compared}
    out["**macro AUC, fair pairs**"] = f"**{digits(pairs.macro(compared))}**"
    out["AUC, generated: sleepers seen / empty beds"] = digits(figures.auc(
        [row["in_place"] for row in generated.seen_sleepers(drawn)],
        [row["in_place"] for row in generated.empties(drawn)]))
    empty = [row["in_place"] for row in groups["real empties"](real)]
    least = figures.lowest_threshold(empty, REAL_FALSE)
    for title, chosen in groups.items():
        out[f"{title}, at {REAL_FALSE:.0%} of real empties"] = found_at(chosen(real), least)
    bare = generated.empties(drawn)
    least = figures.lowest_threshold(highest(bare), ROOMS_FALSE)
    at = f"at {ROOMS_FALSE:.0%} of empty generated rooms"
    for title, chosen in groups.items():
        out[f"{title}, {at}"] = found_at(chosen(real), least)
    for title, rows in (("sleepers seen, generated", generated.seen_sleepers(drawn)),
                        ("heaped empty beds, generated", [
                            row for row in bare if row["condition"] == "empty, heaped"])):
        out[f"{title}, {at}"] = found_at(rows, least)
    return out


def written(shipped, other, groups):
    """The table; `shipped` and `other` are real and generated rows, `groups` choose real ones."""
    ours, theirs = figures_of(*shipped, groups), figures_of(*other, groups)
    return ("Both by *in place* alone, each at thresholds found by the same rule; the second one "
            "in onnxruntime.\n\n" + table(["what", "shipped", "second network"], [
                [title, ours[title], theirs[title]] for title in ours]))
