"""Image networks: from pictures of digits to one real number ("label") per digit."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, max_pool2d, relu

from nalm.digits._dropout import dropout
from nalm.digits._pictures import CANVAS, SIDE
from nalm.digits._thin_plate import ThinPlateSpline, control_points


def _pool(x: Tensor) -> Tensor:
    """ReLU and 2 x 2 maximum, in the other order: the same numbers from a quarter of the work."""
    return relu(max_pool2d(x, 2))


class DigitClassifier(nn.Module):
    """Images `[batch, channels, side, side]` to labels `[batch]` in [0, 9]: soft arg-max of ten classes.

    Two 3 x 3 convolutions (32, 64), pooling, two linear layers (128, 10), dropout 0.25 and 0.5.

    Args:
        channels: Channels of the images.
        side: Height and width of the images.
    """

    classes: Tensor

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        pooled = (side - 4) // 2
        self.conv1 = nn.Conv2d(channels, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.fc1 = nn.Linear(64 * pooled * pooled, 128)
        self.fc2 = nn.Linear(128, 10)
        self.register_buffer("classes", torch.arange(10.0), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return the labels."""
        x = _pool(self.conv2(relu(self.conv1(images))))
        x = dropout(x.flatten(1), 0.25, self.training)
        x = dropout(relu(self.fc1(x)), 0.5, self.training)
        labels: Tensor = self.fc2(x).float().softmax(-1) @ self.classes
        return labels


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
    """Pictures `[batch, 2, 21, 21]`, halved in size, to source points `[batch, 16, 2]` in (-1, 1) of a warp."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(2, 20, 5)
        self.conv2 = nn.Conv2d(20, 20, 5)
        self.fc1 = nn.Linear(320, 32)
        self.fc2 = nn.Linear(32, 32)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the source points."""
        x = _pool(self.conv1(pictures))
        x = relu(self.conv2(x)).flatten(1)
        points: Tensor = self.fc2(relu(self.fc1(x))).float().tanh()
        return points.reshape(-1, 16, 2)

    def start_as_identity_(self) -> None:
        """Make every warp the identity: last weights zero, last biases those of the control points."""
        with torch.no_grad():
            self.fc2.weight.zero_()
            self.fc2.bias.copy_(control_points().reshape(-1).atanh())


class ColourDigits(nn.Module):
    """Two digits in two channels: two warps of both channels, one classifier. 589,546 parameters.

    Nothing ties the first label to the first channel. Mistry et al. (2022), section 6.1.2.
    """

    def __init__(self) -> None:
        super().__init__()
        self.classifier = DigitClassifier(2, CANVAS // 2)
        self.localisation1 = Localisation()
        self.localisation2 = Localisation()
        self.spline = ThinPlateSpline(CANVAS)

    def forward(self, pictures: Tensor) -> Tensor:
        """Map `[batch, 2, 42, 42]` to labels `[batch, 2]`."""
        halved = avg_pool2d(pictures, 2)
        source = torch.cat([self.localisation1(halved), self.localisation2(halved)])
        warped = self.spline(pictures.repeat(2, 1, 1, 1), source)
        labels: Tensor = self.classifier(avg_pool2d(warped, 2))
        return labels.reshape(2, -1).T

    def start_as_identity_(self) -> None:
        """Make both warps the identity."""
        self.localisation1.start_as_identity_()
        self.localisation2.start_as_identity_()


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
        x = _pool(self.conv2(_pool(self.conv1(images)))).flatten(1)
        labels: Tensor = self.fc2(relu(self.fc1(x)))
        return labels
