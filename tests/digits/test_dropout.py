import pytest
import torch
from torch.testing import assert_close

from nalm.digits.image_networks.dropout import dropout


@pytest.mark.parametrize("probability", [0.25, 0.5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_drops_the_share_and_scales_the_others(probability: float, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    x = torch.full((1000, 333), 3.0, dtype=dtype)
    dropped = dropout(x, probability, training=True)
    assert dropped.dtype == dtype
    kept = dropped != 0
    assert_close(dropped[kept], (x / (1 - probability))[kept])
    deviation = (probability * (1 - probability) / x.numel()) ** 0.5
    assert abs(1 - kept.double().mean().item() - probability) < 5 * deviation


def test_elements_are_dropped_independently() -> None:
    torch.manual_seed(1)
    kept = (dropout(torch.ones(20_000, 16), 0.5, training=True) != 0).double()
    # bytes of one random number lie side by side
    correlations = torch.corrcoef(kept.T) - torch.eye(16)
    assert correlations.abs().max() < 5 / 20_000**0.5


def test_gradient_goes_through_kept_elements_alone() -> None:
    x = torch.ones(5, 7, requires_grad=True)
    dropped = dropout(x, 0.25, training=True)
    dropped.sum().backward()
    assert x.grad is not None
    assert_close(x.grad, dropped.detach())


def test_the_seed_decides() -> None:
    def draw() -> torch.Tensor:
        torch.manual_seed(4)
        return dropout(torch.ones(33), 0.5, training=True)

    assert torch.equal(draw(), draw())


def test_nothing_is_dropped_in_evaluation() -> None:
    x = torch.randn(4, 9)
    assert torch.equal(dropout(x, 0.5, training=False), x)
