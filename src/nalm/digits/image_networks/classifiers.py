"""Classifiers of digits: from pictures to labels in [0, 9], soft arg-maxes of ten classes each.

Those of warped pictures take `[2 batch, channels, height, width]`, first all that the first warp made, then those of
the second, and give labels `[2 batch]` in the same order.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, relu

from nalm.digits.image_networks.dropout import dropout

_CLASSES = 10


def pool(x: Tensor) -> Tensor:
    """ReLU and 2 x 2 maximum, in the other order: the same numbers from a quarter of the work."""
    return relu(max_pool2d(x, 2))


class DigitClassifier(nn.Module):
    """Images `[batch, channels, height, width]` to labels `[batch]`, or `[batch, labels]` of several.

    Two 3 x 3 convolutions (32, 64), pooling, two linear layers (128, 10 per label), dropout 0.25 and 0.5.

    Args:
        channels: Channels of the images.
        height: Of the images.
        width: Of the images; by default their height.
        labels: Labels of an image.
    """

    classes: Tensor

    def __init__(self, channels: int, height: int, width: int | None = None, labels: int = 1) -> None:
        super().__init__()
        self.labels = labels
        pooled = ((height - 4) // 2) * (((width or height) - 4) // 2)
        self.conv1 = nn.Conv2d(channels, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.fc1 = nn.Linear(64 * pooled, 128)
        self.fc2 = nn.Linear(128, _CLASSES * labels)
        self.register_buffer("classes", torch.arange(float(_CLASSES)), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return the labels."""
        x = pool(self.conv2(relu(self.conv1(images))))
        x = dropout(x.flatten(1), 0.25, self.training)
        x = dropout(relu(self.fc1(x)), 0.5, self.training)
        logits = self.fc2(x).float()
        if self.labels > 1:
            logits = logits.unflatten(-1, (self.labels, -1))
        labels: Tensor = logits.softmax(-1) @ self.classes
        return labels


class SeparateClassifiers(nn.Module):
    """A classifier of its own for the pictures of each warp.

    Args:
        channels: Channels of the pictures.
        side: Height and width of the pictures.
    """

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.first = DigitClassifier(channels, side)
        self.second = DigitClassifier(channels, side)

    def forward(self, images: Tensor) -> Tensor:
        """Return the labels."""
        one, other = images.chunk(2)
        return torch.cat([self.first(one), self.second(other)])


class JointClassifier(nn.Module):
    """One classifier that reads both labels at once, from the pictures of both warps.

    Args:
        channels: Channels of the pictures.
        side: Height and width of the pictures.
    """

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.classifier = DigitClassifier(2 * channels, side, labels=2)

    def forward(self, images: Tensor) -> Tensor:
        """Return the labels."""
        labels: Tensor = self.classifier(torch.cat(images.chunk(2), 1))
        return labels.T.reshape(-1)


class LinearClassifier(nn.Module):
    """Linear layers (200, 128) that all pictures share, and a last one (10) for the pictures of each warp.

    Args:
        channels: Channels of the pictures.
        side: Height and width of the pictures.
    """

    classes: Tensor

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels * side * side, 200)
        self.fc2 = nn.Linear(200, 128)
        self.first = nn.Linear(128, _CLASSES)
        self.second = nn.Linear(128, _CLASSES)
        self.register_buffer("classes", torch.arange(float(_CLASSES)), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return the labels."""
        x = relu(self.fc2(relu(self.fc1(images.flatten(1)))))
        one, other = x.chunk(2)
        logits = torch.cat([self.first(one), self.second(other)])
        labels: Tensor = logits.float().softmax(-1) @ self.classes
        return labels


class JointLinearClassifier(nn.Module):
    """Linear layers (200, 128, 20) that read both labels at once, from the pictures of both warps.

    Args:
        channels: Channels of the pictures.
        side: Height and width of the pictures.
    """

    classes: Tensor

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(2 * channels * side * side, 200)
        self.fc2 = nn.Linear(200, 128)
        self.fc3 = nn.Linear(128, 2 * _CLASSES)
        self.register_buffer("classes", torch.arange(float(_CLASSES)), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return the labels."""
        x = torch.cat(images.chunk(2), 1).flatten(1)
        logits = self.fc3(relu(self.fc2(relu(self.fc1(x)))))
        labels: Tensor = logits.float().unflatten(-1, (2, -1)).softmax(-1) @ self.classes
        return labels.T.reshape(-1)
