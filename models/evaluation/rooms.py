"""Generated rooms for measuring, which no training may see.

`nattsyn-scenes` draws them from the seed below. **Seeds from 9,000,000 to 9,999,999 are kept for
measuring**: whoever trains, chooses thresholds or writes golden frames takes seeds below. Rooms,
bedding, poses and sensors are drawn anew by that seed; the *kinds* of furniture, cloth and body
are the generator's own, so these figures say how well its world was learnt, not how well the
real one is met.

Labels are read by column name, and columns that are not known here become conditions of their
own, so that the generator may grow.
"""

import csv
import hashlib
import subprocess

import cv2

# The first seed kept for measuring, and the one that is used.
RESERVED_FROM, SEED = 9_000_000, 9_000_001
# How many unless told otherwise. Seven pictures a room: 2,700 show 385 rooms, half of them by
# their heaped beds. With 300 rooms of a kind, none wrong bounds its error at 1 %.
PICTURES = 2700
# Pixels of a person (of 320 x 240) below which a picture shows hardly anything: a head far away
# on a pillow has about 150.
SEEN_PX = 100
# Share of a body's outline under bedding: above, only the head and an arm show; below, most does.
COVERED, UNCOVERED = 0.75, 0.4
# Columns that are measures, names or labels; whatever else a table has is a condition.
KNOWN = {"file", "mask", "room", "scene", "group", "scene_group", "occupant", "bedding", "view",
         "lens", "kind", "visible_share", "covered_share", "person_px", "bedding_over_person_px",
         "sleeping_place", "places", "reference"}
# A condition of more values than this is a measure or a name.
VALUES_MAX = 12
# Pictures that show a room for comparison; they are empty and counted as such.
EMPTY = "nobody"


def drawn(program, out, count, tell):
    """The folder with the rooms; drawn again only by another program, seed or count."""
    key = f"{hashlib.sha256(program.read_bytes()).hexdigest()} {SEED} {count}\n"
    note = out / "drawn-by.txt"
    if note.exists() and note.read_text() == key:
        tell(f"{count} generated pictures are there already")
        return out
    command = [str(program), "--count", str(count), "--seed", str(SEED), "--out", str(out)]
    subprocess.run(command, check=True)
    (out / "png").mkdir(exist_ok=True)
    for path in sorted((out / "frames").iterdir()):
        luma = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if luma is None:
            raise SystemExit(f"rooms: {path} is no picture that can be read")
        target = str(out / "png" / (path.stem + ".png"))
        cv2.imwrite(target, luma, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    note.write_text(key)
    return out


def first(row, *names):
    """The first of these columns that the row has and that holds something."""
    return next((row[name] for name in names if row.get(name)), "")


def number(row, name):
    """A column as a number; 0 without it."""
    return float(row.get(name) or 0)


def read(folder):
    """One row a picture: file, label, person, source, scene, places, and its conditions."""
    rows = []
    with open(folder / "labels.csv", newline="") as table:
        for row in csv.DictReader(table):
            label = row["occupant"]
            stem = row["file"].rsplit("/", 1)[-1].rsplit(".", 1)[0]
            rows.append({
                "file": str(folder / "png" / (stem + ".png")), "label": label,
                "person": "no" if label == EMPTY else "yes",
                "source": "rooms/" + (row.get("lens") or "clear"),
                "scene": first(row, "scene_group", "group", "scene", "room") or stem,
                "places": first(row, "sleeping_place", "places"),
                "condition": condition(row), "view": row.get("view", ""),
                "bedding": row.get("bedding", ""), "seen_px": number(row, "person_px"),
                "covered": number(row, "covered_share"), "more": more(row),
            })
    mark_names(rows)
    return rows


def condition(row):
    """Which of the conditions that matter a picture shows, in words."""
    label, bedding, kind = row["occupant"], row.get("bedding", ""), row.get("kind", "")
    if label == EMPTY:
        named = {"left": "just left", "just_left": "just left", "reference": "reference"}
        return "empty, " + (named.get(kind) or bedding.replace("_", " ") or "unnamed")
    if label != "in_bed":
        return label.replace("_", " ")
    if number(row, "person_px") < SEEN_PX:
        return "in bed, hardly anything shows"
    share = number(row, "covered_share")
    if share >= COVERED:
        return "in bed, covered but for the head"
    return "in bed, uncovered" if share < UNCOVERED else "in bed, half covered"


def more(row):
    """Columns that this file does not know."""
    return {name: value for name, value in row.items() if name not in KNOWN and value}


def mark_names(rows):
    """Drops from `more` what has too many values for a condition, or only one."""
    values = {}
    for row in rows:
        for name, value in row["more"].items():
            values.setdefault(name, set()).add(value)
    kept = {name for name, found in values.items() if 2 <= len(found) <= VALUES_MAX}
    for row in rows:
        row["more"] = {name: value for name, value in row["more"].items() if name in kept}
