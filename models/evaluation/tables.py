"""Tables in Markdown, and how a figure is written: two digits, its interval beside it."""

import collections

import numpy as np

import figures
from judged import FINDINGS


def table(header, rows):
    """A Markdown table, ending in an empty line."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def digits(value):
    """Two digits, three where two would hide a small share or round up to a perfect one."""
    if value is None or not np.isfinite(value):
        return "–"
    small = 0 < value < 0.05 or 0.95 < value < 1
    return f"{value:.3f}" if small else f"{value:.2f}"


def within(value, interval):
    """A figure with its interval; `(–)` where scenes are too few for one."""
    if interval is None:
        return f"{digits(value)} (–)"
    return f"{digits(value)} ({digits(interval[0])} to {digits(interval[1])})"


def share(rows, finding):
    """The share of rows with a finding, with its interval over scenes."""
    hits = [row["finding"] == finding for row in rows]
    return within(np.mean(hits), figures.share_interval(hits, [row["scene"] for row in rows]))


def plain_share(rows, finding):
    """The share of rows with a finding."""
    return float(np.mean([row["finding"] == finding for row in rows])) if rows else float("nan")


def scenes(rows):
    """How many scenes there are."""
    return len({row["scene"] for row in rows})


def grouped(rows, key):
    """Rows by key, in the order of the keys."""
    groups = collections.defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return dict(sorted(groups.items()))


def findings(groups, names):
    """The table of findings; `groups` maps tuples, as long as `names`, to rows."""
    header = [*names, "n", "scenes", *(name.replace("_", " ") for name in FINDINGS)]
    lines = []
    for key, rows in groups.items():
        if rows:
            shares = [share(rows, name) for name in FINDINGS]
            lines.append([*key, len(rows), scenes(rows), *shares])
    return table(header, lines)
