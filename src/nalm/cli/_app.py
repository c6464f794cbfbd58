"""The commands and their options. What each does is imported when it is called: help comes at once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from nalm.figure_kinds import FIGURE_KINDS, FIGURE_STYLES

app = typer.Typer(
    name="nalm",
    help="Neural arithmetic logic modules: train the published studies, summarise and draw their results.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _complete_study(incomplete: str) -> list[str]:
    from nalm.studies import names

    return [name for name in names() if name.startswith(incomplete)]


StudyArgument = Annotated[
    str,
    typer.Argument(
        metavar="STUDY", help="A study of `nalm list`, or a TOML file's path.", autocompletion=_complete_study
    ),
]
FolderArgument = Annotated[Path, typer.Argument(metavar="DIR", help="A results folder.")]
SeedsOption = Annotated[str | None, typer.Option(metavar="A:B", help="Seeds A to B - 1 instead of the study's.")]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUE",
        help="Train only these runs, such as 'interpolation_range=[1,2]'; repeat for more keys or alternatives.",
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Replace a setting everywhere in the study; repeatable. `nalm settings` describes all.",
    ),
]
ShownOnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only", metavar="KEY=VALUE", help="Only these runs; repeat for more keys or alternatives, as for nalm run."
    ),
]
ShownSeedsOption = Annotated[str | None, typer.Option("--seeds", metavar="A:B", help="Only seeds A to B - 1.")]
IterationsOption = Annotated[int | None, typer.Option(metavar="N", help="Short for --set iterations=N.")]
WorkersOption = Annotated[
    int | None, typer.Option(metavar="N", help="Workers of one core each; by default one per core.")
]
DeviceOption = Annotated[str, typer.Option(metavar="cpu|cuda", help="Where to train.")]
OutOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Results folder; by default results/STUDY. Finished runs are kept."),
]


EarlyStopOption = Annotated[bool, typer.Option("--early-stop", help="End a run once its verdict can no longer change.")]


class SummaryFormat(StrEnum):
    """How `nalm summary` writes."""

    table = "table"
    csv = "csv"
    json = "json"
    latex = "latex"


def _show_version(wanted: bool) -> None:
    if wanted:
        from nalm import __version__

        typer.echo(f"nalm {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    from nalm.cli import _memory

    _memory.check()


@app.command("list")
def list_studies() -> None:
    """List the studies that ship: runs, iterations, estimated time here."""
    from nalm.cli._tables import print_studies

    print_studies()


@app.command()
def units() -> None:
    """List the units: what they can express, where they were published."""
    from nalm.cli._tables import print_units

    print_units()


@app.command()
def settings(
    names: Annotated[list[str] | None, typer.Argument(metavar="[KEY]...", help="Settings; by default all.")] = None,
) -> None:
    """Describe the settings that --set takes, with their defaults."""
    from nalm.cli._tables import print_settings

    print_settings(names or [])


@app.command()
def run(
    study: StudyArgument,
    out: OutOption = None,
    seeds: SeedsOption = None,
    only: OnlyOption = None,
    set_: SetOption = None,
    iterations: IterationsOption = None,
    workers: WorkersOption = None,
    device: DeviceOption = "cpu",
    cluster: Annotated[
        str | None, typer.Option(metavar="tcp://HOST:PORT|local:N", help="Train on the workers of a Dask cluster.")
    ] = None,
    part: Annotated[
        str | None, typer.Option(metavar="I/N", help="Train the I-th of N parts, as element I of a job array does.")
    ] = None,
    early_stop: EarlyStopOption = False,
    tensorboard: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write event files of finished runs here, batch by batch.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be trained.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON line per finished batch.")] = False,
) -> None:
    """Train a study, or what is missing of it. Interrupt it whenever you like; the same command goes on."""
    from nalm.cli._messages import waiting

    with waiting("loading"):
        from nalm.cli._options import only_values, setting_values
        from nalm.cli._run import run_study

    run_study(
        study,
        out=out,
        seeds=seeds,
        only=only_values(only or []),
        settings=setting_values(set_ or [], iterations) | ({"early_stop": True} if early_stop else {}),
        workers=workers,
        device=device,
        cluster=cluster,
        part=part,
        tensorboard=tensorboard,
        dry_run=dry_run,
        json_lines=json,
    )


@app.command()
def submit(
    study: StudyArgument,
    slurm: Annotated[bool, typer.Option("--slurm", help="Submit to SLURM.")] = False,
    lsf: Annotated[bool, typer.Option("--lsf", help="Submit to LSF.")] = False,
    parts: Annotated[int | None, typer.Option(metavar="N", help="Number of parts, jobs of the array.")] = None,
    minutes: Annotated[
        float | None, typer.Option(metavar="M", help="How long a part should take, instead of their number.")
    ] = None,
    site: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="Partition or queue, account, limits, set-up lines.")
    ] = None,
    out: OutOption = None,
    seeds: SeedsOption = None,
    only: OnlyOption = None,
    set_: SetOption = None,
    iterations: IterationsOption = None,
    workers: WorkersOption = None,
    device: DeviceOption = "cpu",
    early_stop: EarlyStopOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write the job script, but do not submit it.")] = False,
) -> None:
    """Submit a study, or what is missing of it, as one job array of `nalm run STUDY --part I/N`."""
    from nalm.cli._submit import submit_study

    changed = [] if iterations is None else [f"iterations={iterations}"]
    submit_study(
        study,
        slurm=slurm,
        lsf=lsf,
        parts=parts,
        minutes=minutes,
        site=site,
        out=out,
        seeds=seeds,
        only=only or [],
        settings=[*(set_ or []), *changed, *(["early_stop=true"] if early_stop else [])],
        workers=workers,
        device=device,
        dry_run=dry_run,
    )


@app.command()
def summary(
    folder: FolderArgument,
    format: Annotated[SummaryFormat, typer.Option(help="How to write it.")] = SummaryFormat.table,
    only: ShownOnlyOption = None,
    seeds: ShownSeedsOption = None,
) -> None:
    """Show success rate, solved-at step and sparsity error of each group of runs, with 95 % intervals."""
    from nalm.cli._results import Choice, print_summary

    print_summary(folder, format.value, Choice.of(only, seeds))


@app.command()
def plot(
    folder: FolderArgument,
    to: Annotated[
        Path | None,
        typer.Option(metavar="FILE.pdf|svg|png", help="Figure, or .tex for a table. Default: DIR/WHAT.pdf."),
    ] = None,
    what: Annotated[
        str,
        typer.Option(metavar="KIND", help=f"The study's figure, or another kind: {', '.join(FIGURE_KINDS)}."),
    ] = "figure",
    style: Annotated[
        str, typer.Option(metavar="|".join(FIGURE_STYLES), help="Colours for everybody, or those of the papers.")
    ] = "default",
    width: Annotated[
        str | None,
        typer.Option(metavar="3.3in|84mm|…", help="Of the page; letters keep their size. Default: what it needs."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Draw only these runs; repeat for more keys or alternatives."),
    ] = None,
    fold: Annotated[
        list[int] | None, typer.Option(metavar="N", help="Draw only this fold of the static digit task; repeatable.")
    ] = None,
    seeds: ShownSeedsOption = None,
) -> None:
    """Draw the study's figure, or another one of its results."""
    from nalm.cli._results import Choice, plot_figure

    plot_figure(folder, to, what, style, width, Choice.of(only, seeds), fold or [])


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="A CSV file of the original code's exporters.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Results folder; several files may go into one.")],
    study: Annotated[
        str | None, typer.Option(metavar="STUDY", help="Whose figure and threshold the folder takes.")
    ] = None,
    unit: Annotated[
        str | None, typer.Option(metavar="UNIT", help="Of its runs, where their names do not tell.")
    ] = None,
) -> None:
    """Read results of the original code into a results folder."""
    from nalm.cli._results import import_file

    import_file(file, out, study, unit)


@app.command()
def sweep(
    to: Annotated[Path, typer.Option(metavar="FILE.csv|.parquet|.pdf|.svg|.png", help="Table, or picture.")],
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="A results folder.")] = None,
    grid: Annotated[str, typer.Option(metavar="FROM:TO:POINTS", help="Values of each input.")] = "-6:6:121",
    only: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Only these runs; repeat for more keys.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE.safetensors|.pth", help="A network in a file, instead of DIR.")
    ] = None,
    network: Annotated[str | None, typer.Option(metavar="UNIT,…", help="Units of its layers.")] = None,
    inputs: Annotated[int, typer.Option(metavar="N", help="Its inputs.")] = 2,
    outputs: Annotated[int, typer.Option(metavar="N", help="Its outputs.")] = 1,
    hidden_size: Annotated[int, typer.Option(metavar="N", help="Its width between layers.")] = 2,
    gold: Annotated[
        str, typer.Option(metavar="OPERATION", help="Exact values beside those of a file; runs have their own.")
    ] = "",
) -> None:
    """Write what networks make of a grid of inputs."""
    from nalm.cli._options import only_values
    from nalm.cli._sweep import FileNetwork, sweep_networks

    own = FileNetwork(weights, network, inputs, outputs, hidden_size, gold)
    sweep_networks(to, folder, grid, only_values(only or []), own)


@app.command()
def report(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Results folders.")],
    to: Annotated[Path, typer.Option(metavar="FILE.html", help="The page.")] = Path("report.html"),
    only: ShownOnlyOption = None,
    seeds: ShownSeedsOption = None,
) -> None:
    """Write one page with the figures and tables of results folders; it opens offline."""
    from nalm.cli._results import Choice, write_report

    write_report(folders, to, Choice.of(only, seeds))


@app.command()
def export(
    folder: FolderArgument,
    to: Annotated[
        Path,
        typer.Option(metavar="FILE.csv|.parquet|TENSORBOARD_DIR", help="File, or folder for TensorBoard."),
    ],
    only: ShownOnlyOption = None,
    seeds: ShownSeedsOption = None,
) -> None:
    """Write the records, one row per run and logged step."""
    from nalm.cli._results import Choice, export_records

    export_records(folder, to, Choice.of(only, seeds))


@app.command()
def compare(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Two or more results folders, or files of published records.")
    ],
    format: Annotated[SummaryFormat, typer.Option(help="How to write it.")] = SummaryFormat.table,
    only: ShownOnlyOption = None,
    seeds: ShownSeedsOption = None,
) -> None:
    """Show groups of runs side by side, and how their success rates differ from the first folder's."""
    from nalm.cli._compare import compare_folders
    from nalm.cli._results import Choice

    compare_folders(folders, format.value, Choice.of(only, seeds))


@app.command()
def show(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's name or its beginning, or a unit: its best run.")],
    folder: FolderArgument,
    only: ShownOnlyOption = None,
) -> None:
    """Show a run: settings, outcome, errors over the steps, learnt weights and what they compute."""
    from nalm.cli._results import Choice
    from nalm.cli._show import show_run

    show_run(run, folder, Choice.of(only, None))


@app.command()
def doctor() -> None:
    """Check the installation: PyTorch, compiler, cores, caches, data; say what to do about what is missing."""
    from nalm.cli._doctor import examine

    examine()


@app.command()
def status(
    folder: FolderArgument,
    watch: Annotated[bool, typer.Option("--watch", help="Again and again, until nobody is at work.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show which runs are finished, failed, at work or missing, who is at work, and what is damaged."""
    from nalm.cli._status import show_status

    show_status(folder, watch=watch, as_json=json)


@app.command()
def compact(folder: FolderArgument) -> None:
    """Put the many small files of a results folder together to few large ones; they hold the same."""
    from nalm.cli._compact import compact_folder

    compact_folder(folder)


@app.command()
def bench(
    unit: Annotated[str, typer.Argument(metavar="UNIT", help="A unit of `nalm units`, or package.module:Class.")],
    against: Annotated[list[str] | None, typer.Option(metavar="UNIT", help="Compare with; repeatable.")] = None,
    study: Annotated[str, typer.Option(metavar="STUDY", help="Task, ranges and settings.")] = "quickstart",
    operation: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Operation to learn, instead of the study's; repeatable."),
    ] = None,
    out: OutOption = None,
    seeds: SeedsOption = None,
    set_: SetOption = None,
    iterations: IterationsOption = None,
    workers: WorkersOption = None,
) -> None:
    """Train a unit, perhaps of your own, on a study's ranges, and rank it among others."""
    from nalm.cli._messages import waiting

    with waiting("loading"):
        from nalm.cli._bench import bench_units
        from nalm.cli._options import setting_values

    bench_units(
        [unit, *(against or [])],
        study,
        operations=operation or [],
        out=out,
        seeds=seeds,
        settings=setting_values(set_ or [], iterations),
        workers=workers,
    )


@app.command()
def fit(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A CSV, TSV or Parquet file, columns with names.")],
    target: Annotated[str, typer.Option(metavar="COLUMN", help="The column to explain.")],
    inputs: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMNS", help="Columns to explain it by, such as a,b,c; by default all others."),
    ] = None,
    max_seconds: Annotated[float, typer.Option(metavar="S", help="How long the search may take.")] = 60.0,
    to: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep the best formula and its network here.")] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of the search.")] = 0,
    workers: Annotated[int, typer.Option(metavar="N", help="Processes to search with.")] = 1,
) -> None:
    """Find the exact formula behind a column of a table, or say that there is none of its kind."""
    from nalm.cli._fit import fit_table

    fit_table(table, target=target, inputs=inputs or [], max_seconds=max_seconds, to=to, seed=seed, workers=workers)


@app.command()
def predict(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that `nalm fit --to` wrote.")],
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A table with the formula's columns.")],
) -> None:
    """Print a kept formula's value for every row of a table, one a line."""
    from nalm.cli._fit import predict_table

    predict_table(folder, table)


@app.command()
def cite(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A unit, a study, or a citation key.")],
) -> None:
    """Print the BibTeX entry of a unit or study."""
    from nalm.cli._tables import print_citation

    print_citation(name)
