import pytest
import torch

from nalm.digits.image_networks.thin_plate import ThinPlateSpline, control_points


def test_control_points() -> None:
    points = control_points()
    assert points.shape == (16, 2)
    torch.testing.assert_close(
        points[[0, 1, 4, 15]], torch.tensor([[-0.9, -0.9], [-0.3, -0.9], [-0.9, -0.3], [0.9, 0.9]])
    )


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [
        (0, 0, 1.3228803),
        (0, 1, -1.1704264),
        (5, 5, 3.3525703),
        (16, 0, -0.4977793),
        (16, 16, 1.0254651),
        (17, 17, 1.9908019),
    ],
)
def test_inverse_of_the_system(row: int, column: int, value: float) -> None:
    assert float(ThinPlateSpline(42, torch.float64).inverse[row, column]) == pytest.approx(value, abs=1e-6)


def source(points: torch.Tensor) -> torch.Tensor:
    x, y = points.unbind(1)
    return torch.stack([0.8 * x - 0.1 * y + 0.05 * x**2, 0.1 * x + 0.7 * y - 0.05], 1)


@pytest.mark.parametrize(
    ("row", "column", "position"),
    [
        (0, 0, (-0.654261, -0.850000)),
        (0, 41, (0.945739, -0.650000)),
        (20, 20, (-0.017838, -0.069512)),
        (10, 30, (0.433957, -0.362195)),
        (41, 41, (0.745739, 0.750000)),
    ],
)
def test_positions(row: int, column: int, position: tuple[float, float]) -> None:
    points = source(control_points(torch.float64))[None]
    positions = ThinPlateSpline(42, torch.float64).sampling_positions(points)
    assert positions.shape == (1, 42, 42, 2)
    torch.testing.assert_close(positions[0, row, column], torch.tensor(position).double(), atol=1e-6, rtol=0)


def test_float32_is_good_to_a_hundredth_of_a_pixel() -> None:
    single, double = (
        ThinPlateSpline(42, dtype).sampling_positions(source(control_points(dtype))[None])
        for dtype in (torch.float32, torch.float64)
    )
    assert (single - double).abs().max() < 2 / 42 / 100


def test_spline_interpolates() -> None:
    spline = ThinPlateSpline(42, torch.float64)
    points = control_points(torch.float64)
    torch.testing.assert_close(
        spline.sampling_positions(points[None])[0, 3, 7, 0], torch.tensor(2 * 7 / 41 - 1).double()
    )
    grid = spline.sampling_positions(points[None])[0]
    axis = torch.linspace(-1, 1, 42, dtype=torch.float64)
    torch.testing.assert_close(grid[:, :, 1], axis[:, None].expand(42, 42), atol=1e-13, rtol=0)


def test_outermost_ring_mixes_with_zeros() -> None:
    spline, points = ThinPlateSpline(42, torch.float64), control_points(torch.float64)
    warped = spline(torch.ones(1, 2, 42, 42, dtype=torch.float64), points[None])[0, 1]
    found = warped[[0, 0, 20], [0, 20, 20]]
    torch.testing.assert_close(found, torch.tensor([0.25, 0.5, 1.0], dtype=torch.float64))


def test_shapes_and_gradient() -> None:
    spline = ThinPlateSpline(11)
    points = source(control_points()).repeat(3, 1, 1).requires_grad_()
    pictures = torch.rand(3, 5, 11, 11)
    warped = spline(pictures, points)
    assert warped.shape == (3, 5, 11, 11)
    warped.sum().backward()
    assert points.grad is not None
    assert points.grad.abs().sum() > 0
    assert not list(spline.parameters())
    assert not spline.state_dict()


def test_positions_keep_full_precision_in_mixed_precision() -> None:
    spline = ThinPlateSpline(42)
    points = source(control_points())[None]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        positions = spline.sampling_positions(points)
    assert positions.dtype == torch.float32
    torch.testing.assert_close(positions, spline.sampling_positions(points))
