"""Run names of the original code, which hold a run's settings by position."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import ValidationError

from nalm.errors import InputError
from nalm.tasks import ArithmeticTask, Range
from nalm.units import resolve

_NUMBER = r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?"
_SINGLE = re.compile(rf"[ie]-({_NUMBER})-({_NUMBER})")
_PAIR = re.compile(rf"[ie]-\[({_NUMBER}), ({_NUMBER})\]-\[({_NUMBER}), ({_NUMBER})\]")
_SIZES = re.compile(r"z-(\d+)-([\d.e-]+)-([\d.e-]+)")
_FIELDS = 12  # up to the seed, the last field that every version of the original wrote

# layer type with its suffixes -> label of the network, where it is no name that `nalm.units.resolve` knows
_MODELS = {
    "nac-nac-n": "nac_mul",
    "posnac-nac-n": "nac_sigma",
    "reregualizedlinearposnac-nac-n": "nac_nmu",
    "nalu-gr": "gnalu",
    "reregualizedlinearnac-nac-m": "nau_nmu",
    "reregualizedlinearnac-nac-npu": "nau_npu",
    "reregualizedlinearnac-nac-npur": "nau_realnpu",
    "regualizedlinearnac-nac-m": "regularised_nmu",
    "sillyreregualizedlinearnac-nac-m": "silly_nmu",
    "reregualizedlinearnalu-nalu-2nm": "gated_nau_nmu",
}


@dataclass(frozen=True)
class RunName:
    """What a run name says."""

    unit: str
    task: ArithmeticTask
    seed: int


def parse_run_name(name: str) -> RunName:
    """Read the run name of an original single module or arithmetic dataset run.

    Fields, joined by `_`: layer type, operation, out-of-bounds mode, ramp kind, epsilon, ramp, penalty
    factors, interpolation range, extrapolation range, sizes, batch, seed, and more that are not needed here.
    The noise of the NMU shows only in names of the arithmetic dataset task (`nMT`); its range shows in none.

    Raises:
        InputError: `name` is not of this form; the message says which field.
    """
    fields = name.strip("/").split("/")[-1].split("_")
    if len(fields) < _FIELDS:
        raise InputError(f"run name {name!r}: expects at least {_FIELDS} fields joined by '_', got {len(fields)}")
    operation, sizes, seed = fields[1], fields[9], fields[11]
    if not operation.startswith("op-"):
        raise InputError(f"run name {name!r}: field 2 must be the operation, such as op-mul, got {operation!r}")
    if re.fullmatch(r"s\d+", seed) is None:
        raise InputError(f"run name {name!r}: field 12 must be the seed, such as s0, got {seed!r}")
    try:
        task = ArithmeticTask.model_validate(
            {
                "operation": operation.removeprefix("op-"),
                "interpolation_range": _range(name, 8, fields[7]),
                "extrapolation_range": _range(name, 9, fields[8]),
                **_sizes(name, sizes),
            }
        )
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"]))
        raise InputError(f"run name {name!r}: no task that nalm knows: {where}: {fault['msg']}") from None
    except ValueError as error:
        raise InputError(f"run name {name!r}: {error}") from None
    return RunName(_unit(fields[0], noisy="nMT" in fields), task, int(seed[1:]))


def _range(name: str, position: int, field: str) -> Range:
    for pattern in (_SINGLE, _PAIR):
        match = pattern.fullmatch(field)
        if match:
            bounds = [float(bound) for bound in match.groups()]
            return Range(bounds if len(bounds) == 2 else (bounds[:2], bounds[2:]))
    raise InputError(f"run name {name!r}: field {position} must be a range, such as i-1-2, got {field!r}")


def _sizes(name: str, field: str) -> dict[str, object]:
    if field == "z-simple":
        return {"kind": "arithmetic-dataset", "simple": True}
    match = _SIZES.fullmatch(field)
    if match is None:
        raise InputError(f"run name {name!r}: field 10 must be the sizes, such as z-2-0.5-0.0, got {field!r}")
    inputs, subset, overlap = match.groups()
    return {
        "kind": "single-module" if int(inputs) == 2 else "arithmetic-dataset",
        "input_size": int(inputs),
        "subset_ratio": float(subset),
        "overlap_ratio": float(overlap),
    }


def unit_of(field: str) -> str:
    """Return the unit of a recurrent cell by the first field of its run name: of one layer, not two."""
    two_layers = {"reregualizedlinearnac-nac-m": "nmu"}
    return two_layers.get(field) or _unit(field, noisy=False)


def _unit(field: str, noisy: bool) -> str:
    label = _MODELS.get(field)
    if label is None:
        try:
            label = resolve(field).name
        except InputError:
            label = field
    return re.sub(r"(^|_)nmu$", r"\1snmu", label) if noisy else label
