"""Evenly spaced hues of equal lightness and chroma, the default palette of the published figures."""

from __future__ import annotations

import math

_LIGHTNESS, _CHROMA, _FIRST_HUE = 65.0, 100.0, 15.0
_WHITE_U, _WHITE_V = 0.1978398, 0.4683363  # D65 in CIE 1976 u', v'
_XYZ_TO_RGB = (
    (3.240479, -1.537150, -0.498535),
    (-0.969256, 1.875992, 0.041556),
    (0.055648, -0.204043, 1.057311),
)


def hues(count: int) -> tuple[str, ...]:
    """Return `count` colours as `#RRGGBB`, from red around the colour circle (ggplot2's `hue_pal`)."""
    return tuple(_polar_luv(_FIRST_HUE + 360 * index / count) for index in range(count))


def _polar_luv(hue: float) -> str:
    """Convert a colour of CIE LUV in polar coordinates to sRGB, cutting what lies outside."""
    luminance = ((_LIGHTNESS + 16) / 116) ** 3
    u = _CHROMA * math.cos(math.radians(hue)) / (13 * _LIGHTNESS) + _WHITE_U
    v = _CHROMA * math.sin(math.radians(hue)) / (13 * _LIGHTNESS) + _WHITE_V
    x = 9 * luminance * u / (4 * v)
    z = -x / 3 - 5 * luminance + 3 * luminance / v
    linear = (sum(c * value for c, value in zip(row, (x, luminance, z), strict=True)) for row in _XYZ_TO_RGB)
    return "#" + "".join(f"{_gamma(channel):02X}" for channel in linear)


def _gamma(linear: float) -> int:
    value = 1.055 * linear ** (1 / 2.4) - 0.055 if linear > 0.00304 else 12.92 * linear
    return int(255 * min(max(value, 0.0), 1.0) + 0.5)
