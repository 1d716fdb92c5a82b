"""The network: a COCO detector with our own heads.

The detector is YOLOX-nano (Megvii, Apache-2.0) with its published weights, less its boxes and 79
of its 80 classes: what people look like in 118,000 photographs cannot be learnt from generated
rooms, and is soon forgotten by fitting to them. So its towers and its first stages stay as they
are, and the rest moves slowly and is held to what the detector said (`train.Memory`). One gray
channel instead of three; batch normalisation is already folded into the convolutions' biases.

Input: 1 x 1 x 256 x 320, as `frames.network_input` makes it. Outputs, all logits:
`map` 1 x 2 x 32 x 40 (channel 0: a person in a bed, channel 1: a person anywhere else) and
`whole` 1 x 2 (somebody is in the frame; more than one is).
"""

import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional as F

HEIGHT, WIDTH = 256, 320
MAP_HEIGHT, MAP_WIDTH = 32, 40
# Levels of the detector's input, 0 to 255, for one unit of ours.
LEVELS = 255.0
# Where our 2 x 2 pixels stand in the detector's order of them: its columns run before its rows.
FOCUS = [0, 2, 1, 3]
# Number of the detector's class "person".
PERSON = 0
# Brings the sum of two of its logits to the size of the other features.
PEOPLE_SCALE = 0.2


class Conv(nn.Module):
    """A convolution with bias and SiLU."""

    def __init__(self, inputs, outputs, kernel=1, stride=1, groups=1):
        super().__init__()
        self.c = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups)

    def forward(self, x):
        return F.silu(self.c(x))


class Split(nn.Module):
    """Depthwise 3 x 3, then 1 x 1."""

    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.d = Conv(inputs, inputs, 3, stride, inputs)
        self.p = Conv(inputs, outputs)

    def forward(self, x):
        return self.p(self.d(x))


class Bottleneck(nn.Module):
    """1 x 1 and a split convolution, added to the input or not."""

    def __init__(self, channels, add):
        super().__init__()
        self.a, self.b, self.add = Conv(channels, channels), Split(channels, channels), add

    def forward(self, x):
        y = self.b(self.a(x))
        return x + y if self.add else y


class Csp(nn.Module):
    """Two halves, one through bottlenecks, joined."""

    def __init__(self, inputs, outputs, count, add=True):
        super().__init__()
        half = outputs // 2
        self.one, self.two = Conv(inputs, half), Conv(inputs, half)
        self.m = nn.Sequential(*(Bottleneck(half, add) for _ in range(count)))
        self.three = Conv(2 * half, outputs)

    def forward(self, x):
        return self.three(torch.cat((self.m(self.one(x)), self.two(x)), 1))


class Spp(nn.Module):
    """Maxima over three windows beside the input: what is near, at the coarsest level."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.one, self.two = Conv(inputs, inputs // 2), Conv(2 * inputs, outputs)

    def forward(self, x):
        x = self.one(x)
        windows = [F.max_pool2d(x, size, 1, size // 2) for size in (5, 9, 13)]
        return self.two(torch.cat([x, *windows], 1))


class Tower(nn.Module):
    """The detector's own reading of one level: what it is, and whether it is a thing at all."""

    def __init__(self, inputs):
        super().__init__()
        self.stem = Conv(inputs, 64)
        self.what = nn.Sequential(Split(64, 64), Split(64, 64))
        self.thing = nn.Sequential(Split(64, 64), Split(64, 64))
        # The detector's class "person", and "object".
        self.person, self.object = nn.Conv2d(64, 1, 1), nn.Conv2d(64, 1, 1)

    def forward(self, x):
        x = self.stem(x)
        what, thing = self.what(x), self.thing(x)
        return torch.cat((what, thing), 1), self.person(what) + self.object(thing)


def doubled(x):
    """Each cell as four."""
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


def convolutions(*parts):
    """All convolutions of modules, in the order in which they run."""
    return [m for part in parts for m in part.modules() if isinstance(m, nn.Conv2d)]


class Eye(nn.Module):
    """See the module's documentation; 1.07 million weights."""

    def __init__(self):
        super().__init__()
        self.stem = Conv(4, 16, 3)
        self.dark2 = nn.Sequential(Split(16, 32, 2), Csp(32, 32, 1))
        self.dark3 = nn.Sequential(Split(32, 64, 2), Csp(64, 64, 3))
        self.dark4 = nn.Sequential(Split(64, 128, 2), Csp(128, 128, 3))
        self.dark5 = nn.Sequential(Split(128, 256, 2), Spp(256, 256), Csp(256, 256, 1, False))
        self.lateral, self.p4 = Conv(256, 128), Csp(256, 128, 1, False)
        self.reduce, self.p3 = Conv(128, 64), Csp(128, 64, 1, False)
        self.down3, self.n3 = Split(64, 64, 2), Csp(128, 128, 1, False)
        self.down4, self.n4 = Split(128, 128, 2), Csp(256, 256, 1, False)
        self.towers = nn.ModuleList(Tower(c) for c in (64, 128, 256))
        self.join = nn.ModuleList(nn.Conv2d(128 + c, 64, 1) for c in (64, 128, 256))
        self.around = nn.Conv2d(64, 64, 3, 1, 1)
        self.further = nn.Conv2d(64, 64, 3, 1, 1)
        self.decode = nn.Conv2d(64, 48, 3, 1, 1)
        self.map = nn.Conv2d(48 + 1, 2, 1)
        self.hidden = nn.Linear(256 + 128, 64)
        self.dropout = nn.Dropout(0.2)
        self.whole = nn.Linear(64, 2)
        nn.init.constant_(self.map.bias, -3.0)

    def detector(self):
        """What is the detector's, in the order in which it runs, less its towers."""
        return [self.stem, self.dark2, self.dark3, self.dark4, self.dark5, self.lateral, self.p4,
                self.reduce, self.p3, self.down3, self.n3, self.down4, self.n4]

    def trunk(self, x):
        """Features at an eighth, a sixteenth and a thirty-second of the input."""
        dark3 = self.dark3(self.dark2(self.stem(F.pixel_unshuffle(x, 2))))
        dark4 = self.dark4(dark3)
        coarse = self.lateral(self.dark5(dark4))
        middle = self.reduce(self.p4(torch.cat((doubled(coarse), dark4), 1)))
        eighth = self.p3(torch.cat((doubled(middle), dark3), 1))
        sixteenth = self.n3(torch.cat((self.down3(eighth), middle), 1))
        return eighth, sixteenth, self.n4(torch.cat((self.down4(sixteenth), coarse), 1))

    def readings(self, x):
        """The levels, each beside its tower's reading, and the detector's person, as logits."""
        levels = self.trunk(x)
        read = [tower(level) for tower, level in zip(self.towers, levels)]
        eighth, sixteenth, coarsest = (people for _, people in read)
        people = torch.maximum(eighth, doubled(torch.maximum(sixteenth, doubled(coarsest))))
        return levels, [torch.cat((r, v), 1) for (r, _), v in zip(read, levels)], people

    def forward(self, x):
        return self.heads(*self.readings(x))

    def joined(self, readings):
        """All levels' readings together, 48 channels at an eighth of the input."""
        eighth, sixteenth, coarsest = (join(r) for join, r in zip(self.join, readings))
        around = F.relu(sixteenth + doubled(coarsest))
        around = around + F.relu(self.around(around))
        around = around + F.relu(self.further(around))
        return F.relu(self.decode(F.relu(eighth + doubled(around))))

    def heads(self, levels, readings, people):
        """Our own outputs."""
        return self.answers(levels, self.joined(readings), people)

    def answers(self, levels, joined, people):
        """Map and scores, from the joined readings."""
        cells = self.map(torch.cat((joined, PEOPLE_SCALE * people), 1))
        means = torch.cat((levels[2].mean((2, 3)), levels[1].mean((2, 3))), 1)
        return cells, self.whole(self.dropout(F.relu(self.hidden(means))))

    def start_from(self, detector):
        """Takes over the weights of YOLOX-nano from its ONNX file."""
        graph = onnx.load(detector).graph
        stored = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy())
                  for i in graph.initializer}
        theirs = iter([(stored[n.input[1]], stored[n.input[2]])
                       for n in graph.node if n.op_type == "Conv"])
        for ours in convolutions(*self.detector()):
            weight, bias = next(theirs)
            if ours is self.stem.c:
                weight = weight.view(16, 4, 3, 3, 3).sum(2)[:, FOCUS] * LEVELS
                # Our gray is 0 where the detector's is 127.5.
                bias = bias + weight.sum((1, 2, 3)) / 2
            take(ours, weight, bias)
        for tower in self.towers:
            for ours in convolutions(tower.stem, tower.what):
                take(ours, *next(theirs))
            weight, bias = next(theirs)
            take(tower.person, weight[PERSON:PERSON + 1], bias[PERSON:PERSON + 1])
            for ours in convolutions(tower.thing):
                take(ours, *next(theirs))
            next(theirs)  # Boxes.
            take(tower.object, *next(theirs))
        with torch.no_grad():
            self.map.weight[1, -1] = 0.5 / PEOPLE_SCALE


class Shipped(Eye):
    """The network as it is exported: beside its answers, what a comparison reads (`compare.py`).

    `features` 1 x 112 x 32 x 40: the joined readings, then the detector's finest level.
    """

    def forward(self, x):
        levels, readings, people = self.readings(x)
        joined = self.joined(readings)
        return *self.answers(levels, joined, people), torch.cat((joined, levels[0]), 1)


def take(ours, weight, bias):
    """Sets one convolution, refusing another shape: then the file is not YOLOX-nano."""
    if weight.shape != ours.weight.shape:
        raise ValueError(f"{tuple(weight.shape)} where {tuple(ours.weight.shape)} belongs")
    with torch.no_grad():
        ours.weight.copy_(weight)
        ours.bias.copy_(bias)
