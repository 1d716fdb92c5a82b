"""What can be made of a profile of the camera's place (docs/design/0011).

Reads what `profile_rooms profiles FIRST LAST` of the detector's examples wrote: for each generated
room a profile, the picture of its first staged state with somebody in bed, and for some rooms the
profile of the same room staged with nobody on another night. Learns to draw the picture from the
profile by ridge regression and by a small network, tells empty stagings from others, and finds
rooms again. `pip install -r requirements-invert.txt` first. Deliberately no figure of real homes:
there are no profiles of any.
"""

import sys

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.neural_network import MLPRegressor

GRID = (30, 40)
HELD_OUT = 100


def marks(text):
    """The marks of a profile as -1, 0 and 1, from its bytes in hexadecimal."""
    packed = np.frombuffer(bytes.fromhex(text), np.uint8)[1:].astype(int)
    digits = np.stack([packed // 3**place % 3 for place in range(5)], 1).ravel()
    return np.choose(digits, [0, 1, -1]).astype(np.float32)


def read(path):
    """Profiles, pictures (each brought to mean 0 and spread 1), and second profiles by row."""
    profiles, pictures, again = [], [], {}
    for row, line in enumerate(open(path, encoding="ascii")):
        _, profile, picture, *second = line.split()
        profiles.append(marks(profile))
        levels = np.frombuffer(bytes.fromhex(picture), np.uint8).astype(np.float32)
        pictures.append((levels - levels.mean()) / (levels.std() + 1e-6))
        if second:
            again[row] = marks(second[0])
    return np.stack(profiles), np.stack(pictures), again


def alike(one, other):
    """Mean correlation of rows."""
    return float(np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(one, other)]))


def structure(one, other, side=5):
    """Mean structural similarity (Wang et al. 2004) over windows of `side` cells a side."""
    spread = max(float(one.std()), float(other.std())) * 4
    steady = ((0.01 * spread) ** 2, (0.03 * spread) ** 2)
    values = []
    for a, b in zip(one.reshape(-1, *GRID), other.reshape(-1, *GRID)):
        a, b = (np.lib.stride_tricks.sliding_window_view(it, (side, side)) for it in (a, b))
        means = a.mean((2, 3)), b.mean((2, 3))
        spreads = a.var((2, 3)), b.var((2, 3))
        shared = (a * b).mean((2, 3)) - means[0] * means[1]
        over = (2 * means[0] * means[1] + steady[0]) * (2 * shared + steady[1])
        under = (means[0] ** 2 + means[1] ** 2 + steady[0]) * (sum(spreads) + steady[1])
        values.append((over / under).mean())
    return float(np.mean(values))


def drawn(profiles, pictures, train, test):
    """Pictures of the test rooms as each way of guessing draws them."""
    ways = {"the mean picture": np.repeat(pictures[train].mean(0)[None], len(test), 0)}
    for strength in (100.0, 1000.0):
        ridge = Ridge(alpha=strength).fit(profiles[train], pictures[train])
        ways[f"ridge regression, {strength:g}"] = ridge.predict(profiles[test])
    # Across and down stand beside each other: together they are a relief of the room.
    ways["the marks as they stand"] = profiles[test].reshape(len(test), -1, 2).sum(2)
    near = profiles[test] @ profiles[train].T
    ways["the most similar room's picture"] = pictures[train][near.argmax(1)]
    network = MLPRegressor(
        hidden_layer_sizes=(256,), alpha=1.0, early_stopping=True, max_iter=200, random_state=1
    )
    network.fit(profiles[train], pictures[train])
    ways["a network of 256 units"] = network.predict(profiles[test])
    return ways


def main(path, out=None):
    """Prints the tables."""
    profiles, pictures, again = read(path)
    rows = np.arange(len(profiles))
    train, test = rows[:-HELD_OUT], rows[-HELD_OUT:]
    print(f"{len(rows)} rooms, {len(test)} of them held out")
    ways = drawn(profiles, pictures, train, test)
    for name, guess in ways.items():
        figures = alike(guess, pictures[test]), structure(guess, pictures[test])
        print(f"| {name} | {figures[0]:.2f} | {figures[1]:.2f} |")

    twice = np.array(sorted(again))
    second = np.stack([again[row] for row in twice])
    both = np.vstack([profiles[twice], second])
    somebody = np.repeat([1, 0], len(twice))
    groups = np.concatenate([np.arange(len(twice))] * 2) % 5
    folds = [(np.flatnonzero(groups != fold), np.flatnonzero(groups == fold)) for fold in range(5)]
    model = LogisticRegression(C=0.01, max_iter=2000)
    said = cross_val_predict(model, both, somebody, cv=folds, method="decision_function")
    count = np.abs(both).sum(1)
    print(f"staged with somebody or with nobody, from the profile: AUC "
          f"{roc_auc_score(somebody, said):.2f}; from its number of marks: "
          f"{roc_auc_score(somebody, -count):.2f} ({len(twice)} rooms each)")

    unit = profiles / np.linalg.norm(profiles, axis=1, keepdims=True)
    found = (second @ unit.T).argmax(1)
    print(f"found again among {len(rows)} rooms by another night's profile: "
          f"{int((found == twice).sum())} of {len(twice)}")
    if out:
        sheet(out, pictures[test], ways)


def sheet(path, truth, ways):
    """The first eight held-out rooms, a row for the truth and for each way."""
    lines = []
    for guess in [truth, *ways.values()]:
        lines.append(np.hstack([np.pad(it.reshape(GRID), 1) for it in guess[:8]]))
    levels = np.clip(np.vstack(lines) * 50 + 110, 0, 255).astype(np.uint8)
    levels = levels.repeat(4, 0).repeat(4, 1)
    with open(path, "wb") as file:
        file.write(b"P5 %d %d 255\n" % levels.shape[::-1] + levels.tobytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
