"""The second network: corrects the map where the home's own empty bed explains it.

The eye's network stays as it is; this one reads its `features` and `map` beside what was kept
of the same room with its bed empty (`kept`, 18 x 32 x 40 values from -1 to 1: 16 learnt channels
and both channels of the map), and gives the map anew. A camera that was nudged by a cell must not
look like a person: beside the difference stands how far each cell lies outside what is kept of it
and its neighbours. Dense convolutions only.
"""

import torch
from torch import nn
from torch.nn import functional as F

FEATURES, LEARNT = 112, 16
KEPT = LEARNT + 2
WIDE = 32
# Logits of the map for one unit of what is kept.
MAP_SCALE = 4.0


class Compare(nn.Module):
    """See the module's documentation."""

    def __init__(self):
        super().__init__()
        self.project = nn.Conv2d(FEATURES, LEARNT, 1)
        self.mix = nn.Conv2d(4 * KEPT, WIDE, 1)
        self.frame = nn.Linear(2 * KEPT, WIDE)
        self.near = nn.Conv2d(WIDE, WIDE, 3, 1, 1)
        self.further = nn.Conv2d(WIDE, WIDE, 3, 1, 1)
        self.last = nn.Conv2d(WIDE, WIDE, 3, 1, 1)
        self.change = nn.Conv2d(WIDE, 2, 1)
        nn.init.zeros_(self.change.weight)
        nn.init.zeros_(self.change.bias)

    def keep(self, features, cells):
        """What is kept of a picture: values from -1 to 1."""
        return torch.cat((torch.tanh(self.project(features)), torch.tanh(cells / MAP_SCALE)), 1)

    def forward(self, features, cells, kept):
        """The map with a reference, and what would be kept of this picture."""
        now = self.keep(features, cells)
        return self.changed(now, cells, kept), now

    def changed(self, now, cells, kept):
        """The map with a reference, in logits."""
        apart = (now - kept).abs()
        most, least = F.max_pool2d(kept, 3, 1, 1), -F.max_pool2d(-kept, 3, 1, 1)
        outside = F.relu(now - most) + F.relu(least - now)
        whole = self.frame(torch.cat((apart.mean((2, 3)), outside.mean((2, 3))), 1))
        x = F.relu(self.mix(torch.cat((now, kept, apart, outside), 1)) + whole[:, :, None, None])
        x = x + F.relu(self.near(x))
        x = x + F.relu(self.further(x))
        x = F.relu(self.last(x))
        return cells + self.change(x)

    def start_from(self, features):
        """Scales the projection so that what is kept of `features` spreads over its range."""
        with torch.no_grad():
            spread = features.std((0, 2, 3)).clamp(min=0.05)
            mean = features.mean((0, 2, 3))
            self.project.weight.div_(spread[None, :, None, None])
            for_one = self.project(features[:8]).std((0, 2, 3))
            self.project.weight.div_(for_one[:, None, None, None])
            self.project.bias.copy_(-(self.project.weight[:, :, 0, 0] @ mean))
