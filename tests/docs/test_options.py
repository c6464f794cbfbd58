"""The table of the original's options: every entry is tried, and no option of the original is left out."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from nalm.jobs import check_networks
from nalm.studies import expand, loads
from support.command import Command

PAGE = Path(__file__).parents[2] / "docs" / "options.md"
BASES: dict[str, dict[str, Any]] = {
    "A": {"kind": "single-module", "operation": "mul"},
    "I": {"kind": "static-digits", "dataset": "digits"},
    "C": {"kind": "static-digits", "picture": "colour", "dataset": "digits"},
    "S": {"kind": "sequential-digits", "dataset": "digits"},
}
# read from the parsers of the five programs
OPTIONS = re.findall(
    r"\S+",
    """
id layer-type operation num-subsets input-size output-size subset-ratio overlap-ratio simple interpolation-range
extrapolation-range batch-size max-iterations seed optimizer learning-rate momentum clip-grad-norm clip-grad-value
pytorch-precision no-cuda train-criterion pcc2mse-iteration log-interval verbose name-prefix remove-existing-data
no-save load-checkpoint hidden-size mlp-bias mlp-depth first-layer nac-mul nac-weight nalu-bias nalu-two-nac
nalu-two-gate nalu-mul nalu-gate mnac-epsilon nmu-noise noise-range nau-noise beta-nau nru-div-mode npu-clip
npu-Wr-init regualizer regualizer-z regualizer-oob regualizer-shape oob-mode regualizer-scaling
regualizer-scaling-start regualizer-l1 regualizer-beta-start regualizer-npu-w regualizer-gate reg-scale-type
realnpu-reg-type reinit reinit-epoch-interval reinit-max-stored-losses reinit-loss-thr sample-distribution
save-best-model trash-cell W-set-count weight-pull-start weight-pull-end lp-norm data-path max-epochs
samples-per-permutation num-folds use-nalm learn-labels2out mb-log-interval dataset-workers rgb val-split
scheduler-step-size no-scheduler img2label-model image-concat-dim tps-unbounded-stn nac-oob mnist-digits
mnist-outputs model-simplification interpolation-length extrapolation-lengths softmax-transform
""",
)


def rows() -> list[tuple[str, str, str]]:
    found = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| `") and len(cells) == 3:
            found.append((cells[0], cells[1], cells[2]))
    return found


def cases() -> list[Any]:
    return [
        pytest.param(program, re.findall(r"`([^`]+)`", here), id=f"{program} {option[:40]}")
        for option, programs, here in rows()
        if re.match(r"`(task|settings|network)\.", here)
        for program in programs.split()
    ]


def test_no_option_is_left_out() -> None:
    text = " ".join(option for option, _, _ in rows())
    assert [option for option in OPTIONS if not re.search(rf"(`|-){re.escape(option.lstrip('-'))}(`| )", text)] == []


def test_every_entry_says_something() -> None:
    for option, programs, here in rows():
        assert set(programs.split()) <= set(BASES), option
        settable = re.match(r"`(task|settings|network)\.\w+ = ", here)
        assert settable or here.startswith(("`nalm ", "no: ", "the ")), option


@pytest.mark.parametrize(("program", "keys"), cases())
def test_settings(program: str, keys: list[str]) -> None:
    tables: dict[str, dict[str, Any]] = {"task": dict(BASES[program]), "settings": {}, "network": {"unit": "nmu"}}
    given: dict[str, dict[str, Any]] = {}
    for key in keys:
        for table, values in tomllib.loads(key).items():
            given.setdefault(table, {}).update(values)
    for table, values in given.items():
        tables[table] |= values
    if "layers" in tables["network"]:
        del tables["network"]["unit"]
    study = {
        "title": "Options",
        "seeds": "0:1",
        "task": tables["task"],
        "settings": tables["settings"],
        "networks": [tables["network"]],
    }
    loaded = loads(tomli_w.dumps(study), "options")
    check_networks(loaded)
    (run,) = expand(loaded)
    for name, value in given.get("settings", {}).items():
        held = getattr(run.training or run.task, name)
        assert held == (None if value == "none" else tuple(value) if isinstance(value, list) else value)
    for name, value in given.get("network", {}).get("arguments", {}).items():
        assert run.network.layers[0].arguments[name] == value


def commands() -> list[tuple[str, str]]:
    found = (re.fullmatch(r"`nalm (\w+) (--\S+)`", here) for _, _, here in rows())
    return sorted({(match[1], match[2]) for match in found if match})


@pytest.mark.parametrize(("name", "option"), commands())
def test_options_of_commands(
    name: str, option: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert option in Command(monkeypatch, capsys)(name, "--help").output
