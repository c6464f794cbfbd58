"""Pictures for the networks, composed on the fly, in batches, on the device that holds the images."""

from __future__ import annotations

import math
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

# mean and standard deviation of MNIST's training pixels on the scale 0 to 1
MEAN, DEVIATION = 0.1307, 0.3081

CANVAS = 42
SIDE = 28
# offsets on the canvas are 0, …, 13: the released program excludes the last that would fit
_OFFSETS = CANVAS - SIDE

_LARGEST_ANGLE = math.radians(45)
_SMALLEST_SCALE, _LARGEST_SCALE = 0.7, 1.2


def normalise(pixels: Tensor) -> Tensor:
    """Map bytes to float32 of mean 0 and standard deviation 1 over MNIST; background becomes -0.4242."""
    return pixels.float().div_(255).sub_(MEAN).div_(DEVIATION)


class ImageBank:
    """All images of one part of a data set on one device, as bytes.

    Args:
        images: `[count, 28, 28]` bytes.
        device: Where they are kept and pictures are made.
    """

    def __init__(self, images: NDArray[Any], device: torch.device) -> None:
        self._images = torch.tensor(images, device=device)

    def __len__(self) -> int:
        return len(self._images)

    def single(self, indices: Tensor) -> Tensor:
        """Normalised images `[count, 1, 28, 28]`."""
        return normalise(self._images[indices]).unsqueeze(1)

    def distorted_pairs(self, pairs: Tensor, centre: float) -> Tensor:
        """Pictures `[count, 2, 42, 42]` of `pairs` `[count, 2]`, a digit per channel, each distorted.

        Angle U(-45°, 45°), scale U(0.7, 1.2), nearest pixel, offset 0 to 13 in each direction, on black;
        drawn from torch's default generator of the device. Mistry et al. (2022), section 6.1.2.

        Args:
            pairs: Indices of images.
            centre: Fixed point of rotation and scaling: 14, or 14.5 as in torchvision 0.6.
        """
        count, device = pairs.numel(), pairs.device
        angle = (2 * torch.rand(count, device=device) - 1) * _LARGEST_ANGLE
        scale = _SMALLEST_SCALE + (_LARGEST_SCALE - _SMALLEST_SCALE) * torch.rand(count, device=device)
        top, left = torch.randint(_OFFSETS, (2, count, 1, 1), device=device)
        rows = torch.arange(CANVAS, device=device).view(1, CANVAS, 1) - top
        columns = torch.arange(CANVAS, device=device).view(1, 1, CANVAS) - left
        cos, sin = (f(angle).div(scale).view(count, 1, 1) for f in (torch.cos, torch.sin))
        y, x = rows + (0.5 - centre), columns + (0.5 - centre)
        source_x = (cos * x + sin * y + centre).floor_().int()
        source_y = (cos * y - sin * x + centre).floor_().int()
        inside = _within(rows) & _within(columns) & _within(source_x) & _within(source_y)
        position = (source_y.clamp_(0, SIDE - 1) * SIDE).add_(source_x.clamp_(0, SIDE - 1)).long()
        flat = self._images[pairs.reshape(-1)].reshape(count, SIDE * SIDE)
        pixels = flat.gather(1, position.reshape(count, -1)).reshape(count, CANVAS, CANVAS)
        return normalise(pixels * inside).reshape(*pairs.shape, CANVAS, CANVAS)


def _within(index: Tensor) -> Tensor:
    return (index >= 0) & (index < SIDE)
