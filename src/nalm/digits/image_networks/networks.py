"""Image networks: from pictures of digits to one real number ("label") per digit."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import affine_grid, avg_pool2d, grid_sample, relu

from nalm.digits._pictures import CANVAS, SIDE
from nalm.digits.image_networks.classifiers import (
    DigitClassifier,
    JointClassifier,
    JointLinearClassifier,
    LinearClassifier,
    SeparateClassifiers,
    pool,
)
from nalm.digits.image_networks.thin_plate import ThinPlateSpline, control_points

# a 2 x 3 matrix that moves nothing
_IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


class IsolatedDigits(nn.Module):
    """Two digits side by side: one classifier reads each half. 1,199,882 parameters.

    Mistry et al. (2022), section 6.1.1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.classifier = DigitClassifier(1, SIDE)

    def forward(self, pictures: Tensor) -> Tensor:
        """Map `[batch, 1, 28, 56]` to labels `[batch, 2]`, left and right."""
        return self.labels_of_digits(torch.cat(pictures.chunk(2, -1)))

    def labels_of_digits(self, images: Tensor) -> Tensor:
        """Map images `[2 batch, 1, 28, 28]`, first all left, then all right ones, to labels `[batch, 2]`."""
        labels: Tensor = self.classifier(images)
        return labels.reshape(2, -1).T


class Localisation(nn.Module):
    """Pictures `[batch, channels, height, width]`, halved in size, to the numbers of a warp `[batch, outputs]`.

    Args:
        outputs: Numbers of a warp.
        bounded: Whether they stay within (-1, 1).
        channels: Of the pictures.
        height: Of the pictures.
        width: Of the pictures.
    """

    def __init__(
        self,
        outputs: int = 32,
        *,
        bounded: bool = True,
        channels: int = 2,
        height: int = CANVAS // 2,
        width: int = CANVAS // 2,
    ) -> None:
        super().__init__()
        self.bounded = bounded
        self.conv1 = nn.Conv2d(channels, 20, 5)
        self.conv2 = nn.Conv2d(20, 20, 5)
        self.fc1 = nn.Linear(20 * _left(height) * _left(width), 32)
        self.fc2 = nn.Linear(32, outputs)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the numbers of the warp."""
        x = pool(self.conv1(pictures))
        x = relu(self.conv2(x)).flatten(1)
        numbers: Tensor = self.fc2(relu(self.fc1(x))).float()
        return numbers.tanh() if self.bounded else numbers

    def start_as_(self, numbers: Tensor) -> None:
        """Make every warp this one: last weights zero, last biases those that give `numbers`."""
        with torch.no_grad():
            self.fc2.weight.zero_()
            self.fc2.bias.copy_(numbers.atanh() if self.bounded else numbers)


def _left(size: int) -> int:
    """Return what two 5 x 5 convolutions, the first one pooled, leave of a height or width."""
    return (size - 4) // 2 - 4


class AffineWarp(nn.Module):
    """Warps pictures by 2 x 3 matrices, bilinear, with zeros outside; pixels lie between ±1, edges included."""

    def forward(self, pictures: Tensor, numbers: Tensor) -> Tensor:
        """Warp `pictures` `[batch, channels, height, width]` by `numbers` `[batch, 6]`."""
        with torch.autocast(numbers.device.type, enabled=False):
            grid = affine_grid(numbers.reshape(-1, 2, 3), list(pictures.shape), align_corners=False)
        return grid_sample(pictures, grid.to(pictures.dtype), align_corners=False)


class SplineWarp(nn.Module):
    """Warps pictures by the source points of a thin-plate spline."""

    def __init__(self) -> None:
        super().__init__()
        self.spline = ThinPlateSpline(CANVAS)

    def forward(self, pictures: Tensor, numbers: Tensor) -> Tensor:
        """Warp `pictures` `[batch, channels, 42, 42]` by `numbers` `[batch, 32]`."""
        warped: Tensor = self.spline(pictures, numbers.reshape(-1, 16, 2))
        return warped


_CLASSIFIERS: dict[str, Callable[[int, int], nn.Module]] = {
    "spline": DigitClassifier,
    "affine": DigitClassifier,
    "affine_separate": SeparateClassifiers,
    "affine_linear": LinearClassifier,
    "affine_joint": JointClassifier,
    "affine_joint_linear": JointLinearClassifier,
}


class ColourDigits(nn.Module):
    """Two digits on one canvas: two warps of the whole picture, and a classifier of what they show.

    Nothing ties the first label to the first digit. Mistry et al. (2022), section 6.1.2, and the other image networks
    of its released program; 589,546 parameters as published.

    Args:
        kind: See `image_network` of `nalm.digits.StaticDigits`.
        bounded: Whether source points of splines stay within (-1, 1).
        wide: Whether pictures are `[batch, 1, 42, 84]`, a digit beside the other, instead of `[batch, 2, 42, 42]`.
    """

    def __init__(self, kind: str = "spline", bounded: bool = True, wide: bool = False) -> None:
        super().__init__()
        half, spline = CANVAS // 2, kind == "spline"
        channels, width = (1, 2 * half) if wide else (2, half)
        self.classifier = DigitClassifier(1, half, width) if wide else _CLASSIFIERS[kind](channels, half)
        outputs, bounded = (32, bounded) if spline else (6, False)

        def localisation() -> Localisation:
            return Localisation(outputs, bounded=bounded, channels=channels, height=half, width=width)

        self.localisation1 = localisation()
        self.localisation2 = localisation()
        self.warp = SplineWarp() if spline else AffineWarp()
        self._identity = control_points().reshape(-1) if spline else torch.tensor(_IDENTITY)

    def forward(self, pictures: Tensor) -> Tensor:
        """Map pictures to labels `[batch, 2]`."""
        halved = avg_pool2d(pictures, 2)
        numbers = torch.cat([self.localisation1(halved), self.localisation2(halved)])
        warped = self.warp(pictures.repeat(2, 1, 1, 1), numbers)
        labels: Tensor = self.classifier(avg_pool2d(warped, 2))
        return labels.reshape(2, -1).T

    def start_as_identity_(self) -> None:
        """Make both warps the identity."""
        self.localisation1.start_as_(self._identity)
        self.localisation2.start_as_(self._identity)


class DigitReader(nn.Module):
    """Images `[batch, 1, 28, 28]` to `outputs` unbounded labels each; 426,571 parameters with one.

    Two 5 x 5 convolutions (20, 50), each pooled, and two linear layers (500, outputs). Madsen & Johansen
    (2020), section 4.3.

    Args:
        outputs: Labels per image.
    """

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 20, 5)
        self.conv2 = nn.Conv2d(20, 50, 5)
        self.fc1 = nn.Linear(800, 500)
        self.fc2 = nn.Linear(500, outputs)

    def forward(self, images: Tensor) -> Tensor:
        """Return labels `[batch, outputs]`."""
        x = pool(self.conv2(pool(self.conv1(images)))).flatten(1)
        labels: Tensor = self.fc2(relu(self.fc1(x)))
        return labels
