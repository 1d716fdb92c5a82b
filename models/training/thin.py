"""Keeps every Nth row of large sources: `thin.py FRAMES.csv OUT.csv places=12 houses=3 ...`.

For a quick look; the rows that stay are the same every time. Sources are the folders under
`frames/`.
"""

import collections
import csv
import sys


def main():
    every = dict(argument.split("=") for argument in sys.argv[3:])
    rows = list(csv.DictReader(open(sys.argv[1])))
    seen, kept = collections.Counter(), []
    for row in rows:
        source = row["file"].split("/")[1]
        if seen[source] % int(every.get(source, 1)) == 0:
            kept.append(row)
        seen[source] += 1
    with open(sys.argv[2], "w", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys())
        writer.writeheader()
        writer.writerows(kept)
    print(f"{len(kept)} of {len(rows)} rows")


if __name__ == "__main__":
    main()
