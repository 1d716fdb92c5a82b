"""The network: a dense encoder with a map of person evidence and one logit for the whole frame.

Made for tract on a small computer: space-to-depth instead of a strided stem, full 3x3 and 1x1
convolutions, ReLU, nearest upsampling. No depthwise convolution, pooling window, bilinear or
transposed layer: those are 5 to 11 times slower there.

Input: 1 x 1 x 128 x 160, as `frames.network_input` makes it. Outputs, all logits:
`map` 1 x 2 x 16 x 20 (channel 0: a person in a bed, channel 1: a person anywhere else) and
`anyone` 1 x 1 (somebody is in the frame).
"""

import torch
from torch import nn
from torch.nn import functional as F

HEIGHT, WIDTH = 128, 160
MAP_HEIGHT, MAP_WIDTH = 16, 20
STEM = 4


def conv(inputs, outputs, kernel=3, stride=1):
    """A convolution with batch normalisation, folded away at export, and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    """1x1 down, 3x3 back, added to its input."""

    def __init__(self, channels, inner):
        super().__init__()
        self.down = conv(channels, inner, 1)
        self.back = nn.Sequential(
            nn.Conv2d(inner, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x):
        return F.relu(x + self.back(self.down(x)))


class Eye(nn.Module):
    """See the module's documentation; about 0.43 million weights."""

    def __init__(self):
        super().__init__()
        self.stem = conv(STEM * STEM, 32)
        self.fine = conv(32, 64, 3, 2)
        self.fine_blocks = nn.Sequential(Residual(64, 32), Residual(64, 32))
        self.coarse = conv(64, 128, 3, 2)
        self.coarse_blocks = nn.Sequential(*(Residual(128, 64) for _ in range(3)))
        self.lateral = nn.Conv2d(128, 64, 1)
        self.decode = conv(64, 48)
        self.map = nn.Conv2d(48, 2, 1)
        self.hidden = nn.Linear(128, 48)
        self.dropout = nn.Dropout(0.2)
        self.anyone = nn.Linear(48, 1)
        nn.init.constant_(self.map.bias, -3.0)

    def forward(self, x):
        x = F.pixel_unshuffle(x, STEM)
        fine = self.fine_blocks(self.fine(self.stem(x)))
        coarse = self.coarse_blocks(self.coarse(fine))
        up = F.interpolate(self.lateral(coarse), scale_factor=2.0, mode="nearest")
        cells = self.map(self.decode(F.relu(fine + up)))
        hidden = F.relu(self.hidden(coarse.mean((2, 3))))
        return cells, self.anyone(self.dropout(hidden))
