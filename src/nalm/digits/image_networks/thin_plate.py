"""Thin-plate-spline warps of pictures: the spatial transformer of the colour-channel experiment.

M. Jaderberg et al. (2015), "Spatial Transformer Networks"; F. L. Bookstein (1989), "Principal warps".
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import grid_sample

SPAN = 0.9
POINTS = 4


def control_points(dtype: torch.dtype = torch.float32) -> Tensor:
    """Return the regular control points `[16, 2]`: a 4 x 4 grid over [-0.9, 0.9]², (x, y) with x running fastest."""
    axis = torch.linspace(-SPAN, SPAN, POINTS, dtype=dtype)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    return torch.stack([x.reshape(-1), y.reshape(-1)], 1)


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    """U(r) = r² ln r of all distances between `a` `[n, 2]` and `b` `[m, 2]`, 0 at r = 0."""
    squared = (a[:, None] - b).square().sum(-1)
    return 0.5 * torch.xlogy(squared, squared)


class ThinPlateSpline(nn.Module):
    """Warps pictures so that the regular control points show what lay at given source points.

    Two conventions are mixed as in the released program: the target grid takes ±1 for the centres of the
    outer pixels, the sampler for their outer edges. Hence the identity shrinks by (size - 1) / size, and the
    outermost ring mixes with the zeros outside.

    Args:
        size: Height and width of the pictures.
        dtype: Type of the system that is solved.
    """

    inverse: Tensor
    weights: Tensor

    def __init__(self, size: int, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.size = size
        points = control_points(dtype)
        count = len(points)
        affine = torch.cat([torch.ones(count, 1, dtype=dtype), points], 1)
        system = torch.zeros(count + 3, count + 3, dtype=dtype)
        system[:count, :count] = _kernel(points, points)
        system[:count, count:] = affine
        system[count:, :count] = affine.T
        axis = torch.linspace(-1, 1, size, dtype=dtype)
        y, x = torch.meshgrid(axis, axis, indexing="ij")
        grid = torch.stack([x.reshape(-1), y.reshape(-1)], 1)
        ones = torch.ones(len(grid), 1, dtype=dtype)
        inverse = torch.linalg.inv(system)
        features = torch.cat([_kernel(grid, points), ones, grid], 1)
        self.register_buffer("inverse", inverse, persistent=False)
        # of the source points in each position; the last three columns of the inverse meet zeros
        self.register_buffer("weights", features @ inverse[:, :count], persistent=False)

    def sampling_positions(self, source: Tensor) -> Tensor:
        """Positions `[batch, size, size, 2]` (x, y) to sample for source points `[batch, 16, 2]`."""
        # in full precision, as a position must be good to a fraction of a pixel
        with torch.autocast(source.device.type, enabled=False):
            positions = source.mT.contiguous() @ self.weights.T
        return positions.reshape(*positions.shape[:-1], self.size, self.size).movedim(-3, -1)

    def forward(self, pictures: Tensor, source: Tensor) -> Tensor:
        """Warp `pictures` `[batch, channels, size, size]` by `source` `[batch, 16, 2]`, bilinear."""
        return grid_sample(pictures, self.sampling_positions(source), align_corners=False)
