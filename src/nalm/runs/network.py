"""Networks as data: the units that a run stacks, and how they become one `torch.nn.Module`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from torch import nn


class LayerSettings(BaseModel):
    """One layer: a unit's registered name (or `package.module:Class`) and its constructor arguments."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class NetworkSettings(BaseModel):
    """One or more layers applied in turn; `label` is the `unit` column of records and summaries.

    Layer widths are input size, then `hidden_size` between layers, then output size.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    layers: tuple[LayerSettings, ...] = Field(min_length=1)
    hidden_size: int = Field(default=2, ge=1, le=10**9)

    @classmethod
    def of_unit(cls, unit: str) -> NetworkSettings:
        """Return the network of one unit with its default arguments."""
        return cls(label=unit, layers=(LayerSettings(unit=unit),))

    @property
    def is_plain(self) -> bool:
        """Whether a unit's name says everything: one layer without arguments."""
        return len(self.layers) == 1 and not self.layers[0].arguments

    @property
    def has_own_units(self) -> bool:
        """Whether a layer is a class of the user's own."""
        return any(":" in layer.unit for layer in self.layers)

    def build(self, in_features: int, out_features: int) -> nn.Module:
        """Return a freshly constructed network mapping `[..., in_features]` to `[..., out_features]`.

        Raises:
            InputError: a layer names no known unit, or the unit refuses its arguments.
        """
        from torch import nn

        from nalm.units import create
        from nalm.units._catalogue.registry import check_arguments

        for layer in self.layers:
            check_arguments(layer.unit, layer.arguments)
        widths = [in_features, *[self.hidden_size] * (len(self.layers) - 1), out_features]
        layers = [
            create(layer.unit, width_in, width_out, **layer.arguments)
            for layer, width_in, width_out in zip(self.layers, widths[:-1], widths[1:], strict=True)
        ]
        return layers[0] if len(layers) == 1 else nn.Sequential(*layers)
