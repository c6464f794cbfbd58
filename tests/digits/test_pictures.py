import math

import numpy as np
import pytest
import torch

from nalm.digits._pictures import ImageBank, normalise
from nalm.tasks.images import load_images

BACKGROUND = -0.42421296


@pytest.fixture
def bank() -> ImageBank:
    return ImageBank(load_images("digits").test_images, torch.device("cpu"))


def test_normalise() -> None:
    values = normalise(torch.tensor([0, 255], dtype=torch.uint8))
    assert values.dtype == torch.float32
    torch.testing.assert_close(values, torch.tensor([BACKGROUND, (1 - 0.1307) / 0.3081]))


def test_single_images(bank: ImageBank) -> None:
    images = bank.single(torch.tensor([3, 1]))
    assert images.shape == (2, 1, 28, 28)
    expected = (load_images("digits").test_images[3] / 255 - 0.1307) / 0.3081
    np.testing.assert_allclose(images[0, 0].numpy(), expected, atol=1e-6)


def slowly_distorted(image: np.ndarray, angle: float, scale: float, top: int, left: int, centre: float) -> np.ndarray:
    """Pixel by pixel, as the affine transform of an image and its placement are defined."""
    canvas = np.zeros((42, 42))
    cos, sin = math.cos(angle) / scale, math.sin(angle) / scale
    for row in range(28):
        for column in range(28):
            x, y = column + 0.5 - centre, row + 0.5 - centre
            source_x, source_y = cos * x + sin * y + centre, -sin * x + cos * y + centre
            if 0 <= source_x < 28 and 0 <= source_y < 28:
                canvas[row + top, column + left] = image[int(source_y), int(source_x)]
    return (canvas / 255 - 0.1307) / 0.3081


@pytest.mark.parametrize("centre", [14.0, 14.5])
def test_distortion_equals_its_definition(bank: ImageBank, centre: float) -> None:
    pairs = torch.tensor([[0, 5], [7, 7], [20, 3]])
    torch.manual_seed(1)
    pictures = bank.distorted_pairs(pairs, centre)
    assert pictures.shape == (3, 2, 42, 42)
    torch.manual_seed(1)
    angles = (2 * torch.rand(6) - 1) * math.pi / 4
    scales = 0.7 + 0.5 * torch.rand(6)
    tops, lefts = torch.randint(14, (2, 6))
    images = load_images("digits").test_images[pairs.reshape(-1).numpy()]
    drawn = zip(images, angles, scales, tops, lefts, strict=True)
    expected = np.stack([slowly_distorted(i, float(a), float(s), int(t), int(le), centre) for i, a, s, t, le in drawn])
    differing = np.abs(pictures.reshape(6, 42, 42).numpy() - expected) > 1e-4
    # float32 and float64 may choose neighbouring pixels where a source point lies between them
    assert differing.mean() < 0.001


def test_distortions_stay_within_their_ranges(bank: ImageBank) -> None:
    torch.manual_seed(0)
    pictures = bank.distorted_pairs(torch.zeros(400, 2, dtype=torch.long), 14.0)
    inked = pictures > BACKGROUND + 1e-3
    ink = inked.sum((2, 3)).float()
    assert ink.max() / ink.min() > 1.8
    # the last offset that would fit is never used
    assert not inked[..., 41, :].any()
    assert not inked[..., :, 41].any()
    assert inked[..., :14, :].any(-1).any(-1).any()
    rows = inked.any(-1).flatten(0, 1)
    assert len({tuple(row.tolist()) for row in rows}) > 100
