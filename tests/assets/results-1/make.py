"""Make the results folders beside this program, with the version of nalm that runs it.

They are read by `tests/results/test_old_folders.py` for ever, so they are not made again: those of schema version 1 are
by the last commit before schema versions existed. Folders of a later version belong into a folder of their own.

    python make.py FOLDER

Each study gets a results folder, of whose digit runs only small parameters are kept (an image network has a hundred
thousand), and beside it what the same version says of it: `NAME.csv`, the records, and `NAME.json`, the summary.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import polars as pl
from nalm.results.formats import render

import nalm
from nalm.results import Store

LARGEST = 200

ARITHMETIC = """
title = "A unit and a perceptron, at a learning rate at which one of them diverges too"
seeds = "0:2"

[task]
kind = "single-module"
operation = "mul"

[settings]
iterations = 3000
ramp_start = 500
ramp_end = 1000

[grid]
learning_rate = [1e-2, 1e30]
ranges = [{ interpolation_range = [1, 2], extrapolation_range = [2, 6] }]

[[networks]]
unit = "nmu"

[[networks]]
unit = "relu_1"
"""

STATIC = """
title = "Static digits, errors on training samples at the end only"
seeds = "0:2"

[task]
kind = "static-digits"
dataset = "digits"
picture = "isolated"
samples_per_pair = 4

[settings]
epochs = 2
training_metrics = "last"

[figure]
kind = "pairs"

[[networks]]
unit = "solved"

[[networks]]
unit = "nmu"
"""

SEQUENTIAL = """
title = "Sequential digits"
seeds = "0:2"

[task]
kind = "sequential-digits"
dataset = "digits"
test_lengths = [1, 2, 4]

[settings]
epochs = 3
evaluation_interval = 1

[figure]
kind = "lengths"

[[networks]]
unit = "solved"

[[networks]]
unit = "nmu"
"""

STUDIES = {"arithmetic": ARITHMETIC, "static": STATIC, "sequential": SEQUENTIAL}


def make(name: str, study: str, folder: Path) -> None:
    """Train a study and write what is kept of it to `folder`."""
    with tempfile.TemporaryDirectory() as scratch:
        text = Path(scratch) / f"{name}.toml"
        text.write_text(study)
        whole = Path(scratch) / name
        nalm.run(str(text), out=whole, workers=1)
        trained = Store.open(whole)
        kept = Store.create_or_open(folder / name, trained.study_toml)
        for path in sorted((whole / "records").glob("*.parquet")):
            table = pl.read_parquet(path)
            kept.add(table, {run: small(trained, run) for run in table["run"].unique(maintain_order=True)})
    (folder / f"{name}.csv").write_text(kept.records().write_csv())
    (folder / f"{name}.json").write_text(render(kept.groups(), "json"))


def small(store: Store, run: str) -> dict[str, object]:
    """Return the parameters of a run that are small."""
    return {key: array for key, array in store.weights(run).items() if array.size <= LARGEST}


if __name__ == "__main__":
    for name, study in STUDIES.items():
        make(name, study, Path(sys.argv[1]))
