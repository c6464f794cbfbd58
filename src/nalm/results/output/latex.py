"""The LaTeX table of a summary (needs the packages longtable and booktabs)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import nan
from typing import Any

from nalm.errors import InputError
from nalm.results.collation import collation_key
from nalm.results.summary import Estimate, Group, StepEstimate, group_parameters
from nalm.results.titles import math_title, operation_title, unit_title
from nalm.tasks import Range

Choice = Callable[[Sequence[float]], float]

# key, title, which is the best
_MEASURES: tuple[tuple[str, str, Choice], ...] = (
    ("success_rate", "Success rate", max),
    ("solved_at", "Solved at", min),
    ("sparsity_error", "Sparsity error", min),
)
# of digit tasks, where they have them
_METRICS: tuple[tuple[str, str, Choice], ...] = (
    ("test_output_error", "Test error", min),
    ("test_output_rounded_accuracy", "Accuracy", max),
    ("test_label_1_rounded_accuracy", "Left label", max),
    ("test_label_2_rounded_accuracy", "Right label", max),
    ("test_error", "Test error", min),
    ("test_last_accuracy", "Last output", max),
)
_LENGTH = "length"
PACKAGES = ("booktabs", "longtable")
"""What a document needs that holds a table."""
_GREEK = {
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "varepsilon",
    "ζ": "zeta",
    "η": "eta",
    "θ": "theta",
    "ι": "iota",
    "κ": "kappa",
    "λ": "lambda",
    "μ": "mu",
    "ν": "nu",
    "ξ": "xi",
    "π": "pi",
    "ρ": "rho",
    "σ": "sigma",
    "τ": "tau",
    "υ": "upsilon",
    "φ": "varphi",
    "χ": "chi",
    "ψ": "psi",
    "ω": "omega",
    "Γ": "Gamma",
    "Δ": "Delta",
    "Θ": "Theta",
    "Λ": "Lambda",
    "Ξ": "Xi",
    "Π": "Pi",
    "Σ": "Sigma",
    "Φ": "Phi",
    "Ψ": "Psi",
    "Ω": "Omega",
}
_SPECIAL = {character: f"\\{character}" for character in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "•": r"$\bullet$",
    "×": r"$\times$",
    "÷": r"$\div$",
    "·": r"$\cdot$",
    "±": r"$\pm$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "∞": r"$\infty$",
    "√": r"$\surd$",
    "−": r"$-$",
    "–": "--",
    "…": r"\ldots{}",
    "²": r"$^2$",
    "₀": r"$_0$",
    **{symbol: rf"$\{name}$" for symbol, name in _GREEK.items()},
}


def latex_table(groups: Sequence[Group], label: str | None = None) -> str:
    """Return the table of the papers' appendices (Mistry et al. 2022, appendix of figure 2) as a longtable.

    One row per model and range, sorted by operation, model and range as published; of the sequential digit task one per
    model and length. A cell shows the mean with the distances to the ends of its 95 % interval; rates in percent, the
    others with one digit after the point. Runs without a threshold have their metrics instead of success. Bold is the
    best of a model over its ranges (of each operation and parameter), or of a length over its models: the largest
    success rate, the smallest step and error; ties are all bold.

    Args:
        groups: a summary.
        label: for references, such as the name of the study; by default `benchmark-sltr-` and the operations.

    Raises:
        InputError: there is no group.
    """
    if not groups:
        raise InputError("table: there are no finished runs to show; nalm run trains them")
    operations = sorted({str(group.operation) for group in groups}, key=collation_key)
    parameters = [name for name in group_parameters(groups) if len({str(group.value_of(name)) for group in groups}) > 1]
    measures = _measures(groups)
    rows = sorted(groups, key=lambda group: _place(group, parameters))
    by_length = _LENGTH in parameters

    def rivals(group: Group) -> str:
        return _rivals(group, parameters, by_length)

    best = _best(rows, measures, rivals)
    ranges = ["Range"] * any(group.interpolation_range is not None for group in groups)
    columns = ["Operation"] * (len(operations) > 1) + ["Model", *map(_parameter_title, parameters), *ranges]
    header = " & ".join([*map(escape, columns), *(title for _, title, _ in measures)]) + r" \\"
    caption = _caption(rows, operations, measures, by_length)
    lines = [
        rf"% needs \usepackage{{{','.join(PACKAGES)}}}",
        r"\begingroup\small\setlength{\tabcolsep}{4pt}",
        rf"\begin{{longtable}}{{{'l' * len(columns)}{'r' * len(measures)}}}",
        rf"\caption{{{caption}}} \label{{{_label(label or 'benchmark-sltr-' + '-'.join(operations))}}} \\",
        r"\toprule",
        header,
        r"\midrule",
        r"\endfirsthead",
        r"\toprule",
        header,
        r"\midrule",
        r"\endhead",
        r"\bottomrule",
        r"\endfoot",
    ]
    previous: str | None = None
    for group in rows:
        model = repr([group.operation, group.unit, *(group.value_of(name) for name in parameters if name != _LENGTH)])
        if previous not in (None, model):
            lines.append(r"\addlinespace")
        previous = model
        cells = _cells(group, columns, parameters, measures, best[rivals(group)])
        lines.append(" & ".join(cells) + r" \\")
    return "\n".join([*lines, r"\end{longtable}", r"\endgroup", ""])


def escape(text: str) -> str:
    """Return `text` with what LaTeX would take for something else escaped; symbols as mathematics.

    Line breaks and other control characters are spaces; a symbol that has no name here is its number.
    """
    return "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if not character.isprintable():
        return " "
    # letters with accents are input that LaTeX reads
    return character if character.isascii() or "À" <= character <= "ÿ" else f"[U+{ord(character):04X}]"


def _label(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9:.+-]+", "-", text)


def _measures(groups: Sequence[Group]) -> list[tuple[str, str, Choice]]:
    """Return the columns of numbers: success where runs have a threshold, metrics where they have some."""
    judged = any(group.solved is not None for group in groups)
    metrics = [measure for measure in _METRICS if any(measure[0] in (group.metrics or ()) for group in groups)]
    return [*(_MEASURES if judged or not metrics else ()), *metrics]


def _estimate(group: Group, key: str) -> Estimate | StepEstimate:
    if key in dict(group.metrics or {}):
        return dict(group.metrics or {})[key]
    found: Estimate | StepEstimate = getattr(group, key, Estimate())
    return found


def percent_cell(mean: float | None, lower: float | None, upper: float | None, bold: bool) -> str:
    """Return a rate as whole percent with the distances to the ends of its interval."""
    return _cell(mean, lower, upper, bold, lambda value: rf"{100 * value:.0f}\%")


def scientific_cell(mean: float | None, lower: float | None, upper: float | None, bold: bool) -> str:
    """Return a number as m.m · 10^e with the distances to the ends of its interval."""
    return _cell(mean, lower, upper, bold, _scientific)


def _cell(
    mean: float | None, lower: float | None, upper: float | None, bold: bool, text: Callable[[float], str]
) -> str:
    if mean is None:
        return "---"
    shown = rf"\mathbf{{{text(mean)}}}" if bold else text(mean)
    if lower is None or upper is None:
        return f"${shown}$"
    return rf"${shown}\,{{}}^{{+{text(upper - mean)}}}_{{-{text(mean - lower)}}}$"


def _scientific(value: float) -> str:
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.1e}".split("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"


def _cells(
    group: Group,
    columns: Sequence[str],
    parameters: Sequence[str],
    measures: Sequence[tuple[str, str, Choice]],
    best: dict[str, float],
) -> list[str]:
    title = unit_title(group.unit)
    cells = [escape(operation_title(str(group.operation)))] * (columns[0] == "Operation")
    cells += [math_title(title) or escape(title)]
    cells += [escape(_value(group.value_of(name))) for name in parameters]
    cells += [escape(_range_label(group))] * (columns[-1] == "Range")
    for key, _, _ in measures:
        share = key == "success_rate" or key.endswith("_accuracy")
        estimate = _estimate(group, key)
        best_of_all = estimate.mean is not None and estimate.mean == best.get(key)
        cell = percent_cell if share else scientific_cell
        cells.append(cell(estimate.mean, estimate.lower, estimate.upper, best_of_all))
    return cells


def _best(
    rows: Sequence[Group], measures: Sequence[tuple[str, str, Choice]], rivals: Callable[[Group], str]
) -> dict[str, dict[str, float]]:
    """Return the best mean of each measure among rivals; no success is not the best of anything."""
    found: dict[str, dict[str, float]] = {}
    for name in {rivals(group) for group in rows}:
        own = [group for group in rows if rivals(group) == name]
        found[name] = {}
        for key, _, choose in measures:
            counted = (
                [group for group in own if group.solved] if key in dict.fromkeys(k for k, *_ in _MEASURES) else own
            )
            means = [mean for group in counted if (mean := _estimate(group, key).mean) is not None]
            found[name][key] = choose(means or [nan])
    return found


def _rivals(group: Group, parameters: Sequence[str], by_length: bool) -> str:
    """Return what groups that are compared have in common: the model and its parameters, but not its range.

    Of digit tasks, which have no ranges, all but the model.
    """
    among_models = by_length or group.interpolation_range is None
    return repr([group.operation, None if among_models else group.unit, *map(group.value_of, parameters)])


def _place(group: Group, parameters: Sequence[str]) -> tuple[Any, ...]:
    title = unit_title(group.unit)
    values = [_number_or_text(group.value_of(name)) for name in parameters]
    return (
        collation_key(str(group.operation)),
        collation_key(math_title(title) or title),
        values,
        collation_key(_range_label(group)),
    )


def _number_or_text(value: Any) -> tuple[int, Any]:
    return (0, value) if isinstance(value, (int, float)) else (1, str(value))


def _range_label(group: Group) -> str:
    text = group.interpolation_range
    return "---" if text is None else Range.parse(text).label


def _parameter_title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _value(value: Any) -> str:
    return "---" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _caption(
    rows: Sequence[Group],
    operations: Sequence[str],
    measures: Sequence[tuple[str, str, Choice]],
    by_length: bool,
) -> str:
    task = escape(", ".join(operation_title(operation).lower() for operation in operations))
    counts = sorted({group.runs for group in rows})
    seeds = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}" if counts else "no"
    judged = any(key == "success_rate" for key, *_ in measures)
    what = (
        "success rate, iteration step at which the task was solved, and sparsity error of the solved runs"
        if judged
        else "errors and accuracies on the test set at the end of training"
    )
    of = "of a model over its ranges" if any(group.interpolation_range for group in rows) else "of the models"
    where = " at each length" if by_length else ""
    interval = r"each with its 95\% confidence interval"
    return f"Results for {task} with {seeds} seeds per row: {what}, {interval}. Bold: best {of}{where}."
