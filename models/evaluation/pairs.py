"""Comparisons within one source or one light: who ranks pictures with a person above those without.

A pair counts only if it is fair: no trivial score, in its better direction, is above
`rivals.FAIR`. The macro figure is the plain mean over the counted pairs, so that a pair with many
frames has no more say than one with few.
"""

import dataclasses

import numpy as np

import figures
from rivals import FAIR, TRIVIAL
from tables import digits, table, within

EDGE, ERASED = "EventSleep-edge", "EventSleep-erased"
SICKBED, SCENE = "sickbed-detection", "Scene-recognition-with-bag-of-words"
FALLING = "patient-falling-binary-classification"


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two groups of real frames; a group is a source and how its labels begin."""

    title: str
    positive: tuple
    negative: tuple
    light: str
    score: str
    # Whether it belongs to the macro figure if it is fair.
    counted: bool = True
    # Whether every positive has its own negative: the same frame with the person painted out.
    joined: bool = False
    # Whether the other detectors are asked too.
    peers: bool = True


PAIRS = (
    Pair("EventSleep edge / erased", (EDGE, "person_in_bed"), (ERASED, "empty_bed"), "as is",
         "in_place", joined=True),
    Pair("sickbed in bed / empty, day", (SICKBED, "person_in_bed"), (SICKBED, "empty"), "as is",
         "in_place"),
    Pair("sickbed in bed / empty, night-pushed", (SICKBED, "person_in_bed"), (SICKBED, "empty"),
         "night", "in_place"),
    Pair("sickbed beside / empty, night-pushed", (SICKBED, "person_in_room"), (SICKBED, "empty"),
         "night", "anywhere"),
    Pair("patient-falling in bed / Scene empties", (FALLING, "person_in_bed"), (SCENE, "empty"),
         "as is", "in_place"),
    Pair("patient-falling in bed / Scene empties, night-pushed", (FALLING, "person_in_bed"),
         (SCENE, "empty"), "night", "in_place", counted=False),
    Pair("sickbed beside / empty, day", (SICKBED, "person_in_room"), (SICKBED, "empty"), "as is",
         "anywhere", counted=False),
    Pair("sleepers / houses (weak labels)", ("sleepers", "sleeper"), ("houses", "empty"), "as is",
         "in_place", counted=False),
    Pair("sleepers / houses (weak labels), night-pushed", ("sleepers", "sleeper"),
         ("houses", "empty"), "night", "in_place", counted=False, peers=False),
    Pair("EventSleep edge / all daylight empties", (EDGE, "person_in_bed"), ("", "empty"), "as is",
         "in_place", counted=False),
)


def belongs(row, group, light):
    """Whether a row is in a group; the empty source is every unpainted one."""
    source, label = group
    named = row["source"] == source or (not source and not row["label"].endswith("painted"))
    return named and row["label"].startswith(label) and row["light"] == light


def groups(pair, rows):
    """The rows with a person and those without; in the same order if the pair is joined."""
    positive = [row for row in rows if belongs(row, pair.positive, pair.light)]
    negative = [row for row in rows if belongs(row, pair.negative, pair.light)]
    if not pair.joined:
        return positive, negative
    partner = {row["name"]: row for row in negative}
    positive = [row for row in positive if row["name"] in partner]
    return positive, [partner[row["name"]] for row in positive]


def value(pair, name, positive, negative):
    """The AUC of one score; of a trivial one in its better direction."""
    found = figures.auc([row[name] for row in positive], [row[name] for row in negative])
    return max(found, 1 - found) if name in TRIVIAL else found


def fall(name, positive, negative):
    """Share of joined pairs in which a score falls; of a trivial one in its better direction."""
    found = figures.falls([row[name] for row in positive], [row[name] for row in negative])
    return max(found, 1 - found) if name in TRIVIAL else found


def compared(rows, peers):
    """What every score makes of every pair, as dictionaries."""
    out = []
    for pair in PAIRS:
        positive, negative = groups(pair, rows)
        if not positive or not negative:
            continue
        names = [pair.score, *TRIVIAL, *(peers if pair.peers else ())]
        found = {name: value(pair, name, positive, negative) for name in names}
        falling = {name: fall(name, positive, negative) for name in names} if pair.joined else {}
        interval = figures.auc_interval(
            *([row[pair.score] for row in group] for group in (positive, negative)),
            *([row["scene"] for row in group] for group in (positive, negative)))
        out.append({"pair": pair, "n": (len(positive), len(negative)), "auc": found,
                    "scenes": tuple(len({r["scene"] for r in g}) for g in (positive, negative)),
                    "ours": found[pair.score], "interval": interval, "falls": falling,
                    "fair": max(found[name] for name in TRIVIAL) <= FAIR})
    return out


def macro(found, name=None, fair_only=True):
    """Mean AUC over the counted pairs; of ours, or of a peer."""
    counted = [each for each in found if each["pair"].counted and (each["fair"] or not fair_only)]
    values = [each["auc"][name] if name else each["ours"] for each in counted]
    return float(np.mean(values)) if values else float("nan")


def peer_cells(names, of):
    """One cell a detector: as is / stretched."""
    detectors = list(dict.fromkeys(name.rsplit(", ", 1)[0] for name in names))
    return [" / ".join(digits(of(f"{each}, {way}")) for way in ("as is", "stretched"))
            for each in detectors]


def written(found, peers):
    """The table of pairs, the two macro rows, and the falls of joined pairs."""
    detectors = list(dict.fromkeys(name.rsplit(", ", 1)[0] for name in peers))
    header = ["pair", "n", "scenes", "ours", "score", *TRIVIAL, "fair", "counts", *detectors]
    lines = []
    for each in found:
        pair = each["pair"]
        lines.append([
            pair.title, "{} / {}".format(*each["n"]), "{} / {}".format(*each["scenes"]),
            within(each["ours"], each["interval"]), pair.score.replace("_", " "),
            *(digits(each["auc"][name]) for name in TRIVIAL), "yes" if each["fair"] else "no",
            "yes" if pair.counted and each["fair"] else "no",
            *peer_cells(peers, lambda name, each=each: each["auc"].get(name))])
    for title, fair_only in (("**macro, fair pairs**", True), ("macro, all five named", False)):
        lines.append([title, "", "", f"**{digits(macro(found, None, fair_only))}**", "",
                      *[""] * len(TRIVIAL), "", "",
                      *peer_cells(peers, lambda name, f=fair_only: macro(found, name, f))])
    text = table(header, lines)
    joined = [each for each in found if each["pair"].joined]
    rows = [[each["pair"].title, each["n"][0], digits(each["falls"][each["pair"].score]),
             *(digits(each["falls"][name]) for name in TRIVIAL),
             *peer_cells(peers, lambda name, each=each: each["falls"][name])] for each in joined]
    header = ["share of pairs in which the score falls", "pairs", "ours", *TRIVIAL, *detectors]
    return text + "\n" + table(header, rows)
