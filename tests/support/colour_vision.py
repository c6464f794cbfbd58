"""Distances between colours as people with different colour vision see them.

CAM02-UCS (Luo, Cui & Li 2006) over CIECAM02 (CIE 159:2004) for sRGB in average surround; colour vision deficiencies by
the matrices of Machado, Oliveira & Fernandes (2009), severity 1, on linear RGB.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

VISIONS: dict[str, Array] = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}

_SRGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_D65 = np.array([95.047, 100.0, 108.883])
_CAT02 = np.array([[0.7328, 0.4296, -0.1624], [-0.7036, 1.6975, 0.0061], [0.0030, 0.0136, 0.9834]])
_CONES = np.array([[0.38971, 0.68898, -0.07868], [-0.22981, 1.18340, 0.04641], [0.0, 0.0, 1.0]])
# viewing conditions of sRGB: 64 lux of ambient light, a grey background of 20 %
_ADAPTING_LUMINANCE, _BACKGROUND = 64 / np.pi / 5, 20.0


def cam02(
    xyz: Array, white: Array = _D65, luminance: float = _ADAPTING_LUMINANCE, background: float = _BACKGROUND
) -> tuple[Array, Array, Array]:
    """Lightness J, colourfulness M and hue h in degrees of colours `xyz` `[colours, 3]` in average surround."""
    k = 1 / (5 * luminance + 1)
    adaptation = 0.2 * k**4 * 5 * luminance + 0.1 * (1 - k**4) ** 2 * np.cbrt(5 * luminance)
    ratio = background / white[1]
    induction = 0.725 * ratio**-0.2
    degree = 1 - np.exp((-luminance - 42) / 92) / 3.6
    of_white = _CAT02 @ white
    gain = degree * white[1] / of_white + 1 - degree

    def responses(colours: Array) -> Array:
        cones = _CONES @ np.linalg.inv(_CAT02) @ (gain[:, None] * (_CAT02 @ colours.T))
        power = (adaptation * np.abs(cones) / 100) ** 0.42
        return np.asarray(np.sign(cones) * 400 * power / (27.13 + power) + 0.1)

    def achromatic(r: Array) -> Array:
        return np.asarray((2 * r[0] + r[1] + r[2] / 20 - 0.305) * induction)

    r = responses(xyz)
    a, b = r[0] - 12 * r[1] / 11 + r[2] / 11, (r[0] + r[1] - 2 * r[2]) / 9
    hue = np.arctan2(b, a)
    exponent = 0.69 * (1.48 + np.sqrt(ratio))
    lightness = 100 * (achromatic(r) / achromatic(responses(white[None]))) ** exponent
    eccentricity = (np.cos(hue + 2) + 3.8) / 4
    t = 50_000 / 13 * induction * eccentricity * np.hypot(a, b) / (r[0] + r[1] + 21 * r[2] / 20)
    chroma = t**0.9 * np.sqrt(lightness / 100) * (1.64 - 0.29**ratio) ** 0.73
    return lightness, chroma * adaptation**0.25, np.degrees(hue) % 360


def seen(colours: Sequence[str], vision: str = "normal") -> Array:
    """Coordinates J', a', b' in CAM02-UCS of colours `#RRGGBB`, `[colours, 3]`."""
    values = np.array([[int(colour[k : k + 2], 16) for k in (1, 3, 5)] for colour in colours]) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    lightness, colourfulness, hue = cam02(100 * np.clip(linear @ VISIONS[vision].T, 0, 1) @ _SRGB_TO_XYZ.T)
    radius, angle = np.log1p(0.0228 * colourfulness) / 0.0228, np.radians(hue)
    return np.stack([1.7 * lightness / (1 + 0.007 * lightness), radius * np.cos(angle), radius * np.sin(angle)], -1)


def least_distance(coordinates: Array) -> float:
    """Least distance between two of some points `[points, …]`."""
    distances = np.linalg.norm(coordinates[:, None] - coordinates[None], axis=-1)
    return float(distances[~np.eye(len(distances), dtype=bool)].min())
