"""Trains the second network: `train_reference.py CHECKPOINT OUT_DIR --rooms DIR ... --minutes M
[--draws N] [--seed S]`.

ROOMS are folders of the scenes crate: of every room seven pictures, one of them a re-draw of its
empty bed. First the eye's network of CHECKPOINT, which stays as it is, reads every room N times,
each time placed, lit and exposed anew; the readings lie in OUT_DIR and are not made twice. Then
the second network is fitted to them for M processor minutes. Both continue where they stopped.

Which picture is whose reference stands in `redraws.py`; now and then it is another room's, which
explains nothing. The readings take about 3 MB a room and drawing, on disk and in memory.
"""

import argparse
import json
import math
import pathlib
import time

import cv2
import numpy as np
import torch
from torch.nn import functional as F

import compare
import network
import redraws
from frames import POOLED_CELLS

# How often a room's own re-draw is the reference, where another is possible.
REDRAWN = 0.67
# How often the reference is another room's.
WRONG_ROOM = 0.04
ROOMS_IN_BATCH = 8
ROOMS_IN_FILE = 60
SAVE_EVERY_S = 60
# Weights of the losses: map, strongest cells, sleepers above the worst of the others.
SHARES = (2.0, 0.6, 0.5)
MARGIN = 3.0
WORST = 4
# What a checkpoint holds of a run.
STATES = ("net", "average", "optimiser")


class Readings:
    """What the eye's network says of drawn rooms, kept in files."""

    def __init__(self, checkpoint):
        self.eye = network.Shipped().eval()
        stored = torch.load(checkpoint, map_location="cpu", weights_only=True)
        self.eye.load_state_dict(stored["average"])
        self.eye.to(memory_format=torch.channels_last)

    def of(self, inputs):
        """Features and maps of inputs, halved in precision."""
        batch = torch.from_numpy(np.stack(inputs))[:, None]
        batch = batch.contiguous(memory_format=torch.channels_last)
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            cells, _, features = self.eye(batch)
        return [v.float().contiguous().numpy().astype(np.float16) for v in (features, cells)]

    def write(self, path, rooms, seed):
        """One file of drawn rooms."""
        rng, parts, index = np.random.default_rng(seed), [], []
        for number, room in enumerate(rooms):
            inputs, told = redraws.drawn(rng, room)
            features, cells = self.of(list(inputs.values()))
            parts.append((features, cells))
            names = list(inputs)
            for kind, taught in told.items():
                kept = [names.index("kept " + k) for k in redraws.may_be_kept(room, kind)]
                if kept:
                    index.append((number, names.index("shown " + kind), kept, taught))
        starts = np.cumsum([0] + [len(f) for f, _ in parts])
        kept = [[starts[n] + k for k in each] + [-1] * (2 - len(each)) for n, _, each, _ in index]
        fresh = path.with_suffix(".new.npz")
        np.savez(fresh, features=np.concatenate([f for f, _ in parts]),
                 cells=np.concatenate([c for _, c in parts]),
                 room=np.array([n for n, _, _, _ in index]),
                 shown=np.array([starts[n] + s for n, s, _, _ in index]), kept=np.array(kept),
                 target=np.stack([t[0] for *_, t in index]).astype(np.float16),
                 weight=np.stack([t[1] for *_, t in index]).astype(np.float16),
                 marks=np.stack([t[2] for *_, t in index]))
        fresh.rename(path)


def prepared(options):
    """Paths of the files of readings; those that are missing are made."""
    paths, readings = [], None
    rooms = [room for root in options.rooms for room in redraws.rooms_of(root)]
    for draw in range(options.draws):
        for start in range(0, len(rooms), ROOMS_IN_FILE):
            path = options.out / f"readings-{draw}-{start}.npz"
            paths.append(path)
            if not path.exists():
                readings = readings or Readings(options.checkpoint)
                readings.write(path, rooms[start:start + ROOMS_IN_FILE],
                               (options.seed, draw, start))
                print(f"{path.name}: drawing {draw + 1} of {options.draws}, "
                      f"{min(start + ROOMS_IN_FILE, len(rooms))} of {len(rooms)} rooms", flush=True)
    return paths


class Pairs:
    """Pictures beside references, drawn by room."""

    def __init__(self, paths, seed):
        self.files = [dict(np.load(path)) for path in paths]
        self.rooms = [(f, r) for f, each in enumerate(self.files) for r in np.unique(each["room"])]
        self.rng = np.random.default_rng(seed)

    def batch(self):
        """Features and maps of pictures and references, targets, weights, marks."""
        shown, kept, told = [], [], []
        for i in self.rng.choice(len(self.rooms), ROOMS_IN_BATCH, replace=False):
            f, room = self.rooms[i]
            file = self.files[f]
            for row in np.flatnonzero(file["room"] == room):
                shown.append((file, file["shown"][row]))
                kept.append(self.reference(file, file["kept"][row]))
                told.append([file[name][row].astype(np.float32)
                             for name in ("target", "weight", "marks")])
        parts = [torch.from_numpy(np.stack([f[name][i] for f, i in each])).float()
                 for each in (shown, kept) for name in ("features", "cells")]
        return *parts, *(torch.from_numpy(np.stack(part)) for part in zip(*told))

    def reference(self, file, choices):
        """One of those that may be the reference: the first is the re-draw, where there is one."""
        if self.rng.random() < WRONG_ROOM:
            f, _ = self.rooms[self.rng.integers(len(self.rooms))]
            other = self.files[f]
            return other, other["kept"][self.rng.integers(len(other["kept"])), 0]
        second = choices[1] >= 0 and self.rng.random() > REDRAWN
        return file, choices[int(second)]


def losses(cells, target, weights, marks):
    """On the map, on its strongest cells, and on sleepers among the worst of the others."""
    per_cell = F.binary_cross_entropy_with_logits(cells, target, reduction="none")
    on_map = (per_cell * weights).sum() / weights.sum().clamp(min=1)
    strongest = cells.flatten(2).topk(POOLED_CELLS, dim=2).values.mean(2)
    # Who lies in a bed beside somebody else must not become *visible*.
    one = marks[:, 3] != 1
    told = ((marks[:, :2] >= 0) & one[:, None]).float()
    wanted = marks[:, :2].clamp(min=0) * 0.96 + 0.02
    each = F.binary_cross_entropy_with_logits(strongest, wanted, reduction="none") * told
    sleepers, empty = strongest[(marks[:, 0] == 1) & one, 0], strongest[marks[:, 0] == 0, 0]
    worst = empty.topk(min(WORST, len(empty))).values
    apart = F.softplus(MARGIN - sleepers[:, None] + worst[None]).mean()
    return on_map, (each.sum(0) / told.sum(0).clamp(min=1)).sum(), apart


def rounded(kept):
    """As it is stored: 8 bits a value; the gradient passes."""
    return kept + (torch.round(kept * 127) / 127 - kept).detach()


class Training:
    """The second network, its running average, the optimiser and the time spent."""

    def __init__(self, options, pairs):
        self.options, self.pairs = options, pairs
        self.net, self.average = compare.Compare(), compare.Compare()
        self.net.start_from(pairs.batch()[0])
        self.average.load_state_dict(self.net.state_dict())
        self.optimiser = torch.optim.AdamW(self.net.parameters(), lr=options.rate,
                                           weight_decay=0.03)
        self.step, self.spent_s = 0, 0.0
        self.path = options.out / "checkpoint.pt"
        if self.path.exists():
            stored = torch.load(self.path, map_location="cpu", weights_only=True)
            for name in STATES:
                getattr(self, name).load_state_dict(stored[name])
            self.step, self.spent_s = stored["step"], stored["spent_s"]
            print(f"continuing at step {self.step}, {self.spent_s / 60:.1f} min", flush=True)

    def save(self):
        """Writes the checkpoint beside the old one, then in its place."""
        fresh = self.path.with_suffix(".new")
        states = {name: getattr(self, name).state_dict() for name in STATES}
        torch.save({**states, "step": self.step, "spent_s": self.spent_s}, fresh)
        fresh.rename(self.path)
        facts = {"steps": self.step, "rooms": len(self.pairs.rooms), "seed": self.options.seed,
                 "processor_minutes": round(self.spent_s / 60, 1)}
        (self.options.out / "training.json").write_text(json.dumps(facts) + "\n")

    def one_step(self):
        """One step of the optimiser; returns the losses."""
        done = min(self.spent_s / (60 * self.options.minutes), 1.0)
        rate = min(1.0, 0.1 + done / 0.04) * 0.5 * (1 + math.cos(math.pi * done)) + 0.003
        self.optimiser.param_groups[0]["lr"] = rate * self.options.rate
        features, cells, others, other_cells, *told = self.pairs.batch()
        with torch.autocast("cpu", torch.bfloat16):
            kept = rounded(self.net.keep(others, other_cells).float())
            after, _ = self.net(features, cells, kept)
        parts = losses(after.float(), *told)
        self.optimiser.zero_grad()
        sum(share * part for share, part in zip(SHARES, parts)).backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 2.0)
        self.optimiser.step()
        self.step += 1
        keep = min(0.995, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for slow, fast in zip(self.average.parameters(), self.net.parameters()):
                slow.lerp_(fast, 1 - keep)
        before = losses(cells, *told)
        return [part.item() for part in (*parts, *before)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--rooms", type=pathlib.Path, nargs="+", required=True)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--draws", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=3e-3)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(options.seed)
    paths = prepared(options)
    training = Training(options, Pairs(paths, options.seed))
    training.pairs.rng = np.random.default_rng((options.seed, training.step))
    recent, saved = [], time.process_time()
    while training.spent_s < 60 * options.minutes:
        before = time.process_time()
        recent.append(training.one_step())
        training.spent_s += time.process_time() - before
        if training.step % 100 == 0:
            part = " ".join(f"{v:.3f}" for v in np.mean(recent, 0))
            print(f"step {training.step}  {training.spent_s / 60:5.1f} min  losses and, without "
                  f"reference, {part}", flush=True)
            recent = []
        if time.process_time() - saved > SAVE_EVERY_S:
            training.save()
            saved = time.process_time()
    training.save()


if __name__ == "__main__":
    main()
