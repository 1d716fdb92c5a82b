"""Keeps every Nth row of the large sources, the same rows every time.

The weakly labelled sources are thousands of alike pictures; a tenth of them says the same and
leaves a run of minutes.
"""

import collections

# Every how many rows of a source stay: about 100 pictures of each.
EVERY = {"places": 12, "houses": 3, "sleepers": 3, "coco128": 4}


def source_of(row):
    """The source of a row of real frames: its folder below `frames/`."""
    return row["file"].split("/")[1]


def thinned(rows, every=None):
    """The rows that stay, in order."""
    every = EVERY if every is None else every
    seen, kept = collections.Counter(), []
    for row in rows:
        source = source_of(row)
        if seen[source] % every.get(source, 1) == 0:
            kept.append(row)
        seen[source] += 1
    return kept
