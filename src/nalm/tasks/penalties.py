"""Factors of the penalties that units return by name: which are settings, and which a study gives by name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, Field, field_validator, model_serializer

from nalm.errors import InputError, did_you_mean

UNIT_PENALTIES = ("sparsity", "bounds", "input", "gate", "npu_weight", "npu_gate", "inalu", "copies")
"""Penalties of the units of nalm. Where neither settings nor the publication weigh one, it is not part of the loss."""

_SUFFIX = "_penalty"


class Factors(dict[str, float]):
    """Factors by name of the penalty: part of settings that are hashed, not to be changed."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


_Name = Annotated[str, Field(min_length=1)]
_Factor = Annotated[float, Field(ge=0, allow_inf_nan=False)]
PenaltyFactors = Annotated[dict[_Name, _Factor], AfterValidator(Factors)]


class PenaltySettings(BaseModel):
    """Settings whose field `penalty`, by default empty, weighs penalties that have no field `NAME_penalty`."""

    added: ClassVar[tuple[str, ...]] = ()
    """Fields that came later: at their defaults they are not part of the content that is dumped and hashed."""

    @field_validator("penalty", check_fields=False)
    @classmethod
    def _is_no_setting(cls, factors: Factors) -> Factors:
        for name in factors:
            if f"{name}{_SUFFIX}" in cls.model_fields:
                raise ValueError(f"the factor of {name!r} is the setting {name}{_SUFFIX}")
            if name in cls.model_fields:
                raise ValueError(f"{name!r} is the name of a setting; call the penalty otherwise")
        return factors

    @model_serializer(mode="wrap")
    def _without_additions(self, serialize: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        # settings that leave later additions at their defaults keep the content, and runs the identity, of before
        content = serialize(self)
        if not content.get("penalty", True):
            del content["penalty"]
        for name in self.added:
            if name in content and getattr(self, name) == type(self).model_fields[name].default:
                del content[name]
        return content

    @classmethod
    def penalty_settings(cls) -> list[str]:
        """Return the penalties whose factor is a setting."""
        return [name.removesuffix(_SUFFIX) for name in cls.model_fields if name.endswith(_SUFFIX)]

    def refuse_unweighted(self, found: Iterable[str], weighed: Collection[str], own: bool) -> None:
        """Check that no penalty of a network is left out of its loss unasked.

        Args:
            found: the network's penalties.
            weighed: those that have a factor, be it 0.
            own: whether classes of the user's own are part of it: `UNIT_PENALTIES` are not known without a factor.

        Raises:
            InputError: there is a penalty without a factor.
        """
        known = [*dict.fromkeys((*weighed, *(() if own else UNIT_PENALTIES)))]
        for name in found:
            if name in known:
                continue
            if name in type(self).model_fields:
                raise InputError(f"penalty {name!r} has the name of a setting; call it otherwise")
            hint = did_you_mean(name, known)
            raise InputError(
                f"penalty {name!r} has no factor{hint} "
                f"(set penalty.{name} = 0.1, or = 0 to leave it out; known: {', '.join(known)})"
            )
