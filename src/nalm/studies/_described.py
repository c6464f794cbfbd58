"""What each setting of a study means, in a sentence; where tasks differ, of which it is."""

from __future__ import annotations

from typing import Any

from nalm.runs.settings import TrainingSettings
from nalm.studies._keys import DIGIT_TASKS, PENALTY
from nalm.tasks import ArithmeticTask, Range

DESCRIPTIONS: dict[str, str] = {
    # the task
    "kind": "what is learnt: single-module, arithmetic-dataset, static-digits or sequential-digits",
    "operation": "what is computed of the operands, such as mul or add",
    "input_size": "number of inputs",
    "subset_ratio": "share of the inputs that an operand sums",
    "overlap_ratio": "share of an operand's inputs that the next one has too",
    "subsets": "number of operands",
    "output_size": "number of outputs, each with the same target",
    "simple": "the fixed function of four inputs: the first operand sums all, the second the first two",
    "interpolation_range": "where inputs of training and validation lie: [1,2], or [[-2,-1],[1,2]] for two intervals",
    "extrapolation_range": "where inputs of the test lie",
    "distribution": "of the inputs within the range, a table with a family and its parameters",
    "dataset": "images of digits: mnist, or digits, the small set of scikit-learn",
    "digits": "the digits that are used, such as 0123456789",
    "picture": "static digits: isolated, colour (distorted, one per channel) or width (distorted, side by side)",
    "image_network": "static digits: the network that reads the pictures, by default the published one of the picture",
    "bounded_warps": "static digits: keep the source points of spline warps within the picture",
    "folds": "static digits: number of test sets that the pairs of digits are split into; a seed is a fold",
    "samples_per_pair": "static digits: samples of each pair of digits, in training and test",
    "validation_share": "static digits: share of the training samples that is kept for validation",
    "training_length": "sequential digits: images of a training sequence",
    "test_lengths": "sequential digits: images of test sequences, a list",
    "outputs": "sequential digits: numbers that the image network reads from an image",
    "initial_state": "sequential digits: state before the first image",
    # how long, on what
    "iterations": "last step of training, counted from 0; digit tasks have epochs",
    "epochs": "digit tasks: passes over the training data",
    "batch_size": "samples of one update",
    "validation_samples": "size of the set that the interpolation error is measured on",
    "test_samples": "size of the set that the extrapolation error is measured on",
    "log_interval": "a row is recorded every so many steps, and at the last",
    "evaluation_interval": "digit tasks: epochs between evaluations",
    "training_metrics": "static digits: record errors on training samples always, or of the last epoch alone",
    "precision": "digit tasks: float32, or bfloat16 for the image network in mixed precision",
    "streams": "random numbers: paper, those of the original programs, or fast, of our own",
    "constraints": "paper, as the papers describe, or released, as the published programs do where that differs",
    "early_stop": "end a run once its verdict can no longer change",
    "saved_weights": "the network that is kept: last, or best, the logged one with the least interpolation error",
    "record": "of the inside of the network at logged steps: gates, penalties, gradients, weights",
    "float64": "compute in float64, one run at a time; data and initial values are those of float32",
    # the optimiser
    "optimizer": "adam or sgd",
    "learning_rate": "of the optimiser",
    "learning_rate_interval": "steps (digit tasks: epochs) after which the learning rate is multiplied by the factor",
    "learning_rate_factor": "what the learning rate is multiplied by at each interval",
    "momentum": "of sgd",
    "clip_gradient_norm": "scale gradients to this norm at most; none",
    "clip_gradient_value": "clip each gradient to this magnitude; none",
    # the loss
    "loss": "criterion: mse, pcc (correlation), mape (relative error), or pcc-mse, the one and then the other",
    "pcc_to_mse_iteration": "of pcc-mse: the step from which on it is mse",
    "sparsity_penalty": "factor of the penalty that pulls weights to discrete values, grown by the ramp",
    "ramp": "growth of the sparsity penalty: linear from ramp_start to ramp_end, or exponential",
    "ramp_start": "step (static digits: epoch) up to which the sparsity penalty is off",
    "ramp_end": "step (static digits: epoch) from which on the sparsity penalty is fully on",
    "bounds_penalty": "factor of the penalty of weights outside of their interval",
    "input_penalty": "factor of the penalty that pulls unused inputs to the neutral element",
    "gate_penalty": "factor of the penalty that pulls gates to discrete values",
    "npu_weight_penalty": "factor of the magnitudes of an NPU's weights",
    "npu_gate_penalty": "factor of the magnitudes of an NPU's gates",
    "npu_penalty_scale": "growth of the NPU's penalties: as l1, or as the ramp",
    "inalu_penalty": "factor of the iNALU's penalty of weights that are not yet large",
    "inalu_penalty_start": "step after which the iNALU's penalty may be on",
    "penalty": "factors of penalties that have no setting of their own: penalty.NAME=0.1",
    "l1": "add the magnitudes of all parameters, with a factor that grows from l1_start to l1_end",
    "l1_start": "first factor of l1",
    "l1_end": "last factor of l1",
    "l1_step": "steps between two factors of l1",
    "l1_growth": "a factor of l1 over the one before",
    # the iNALU's new beginnings
    "reinitialise": "draw the weights of a run anew where its error stagnates (Schlör et al. 2020)",
    "reinitialise_interval": "steps between two looks at the error",
    "reinitialise_stored_losses": "errors that are compared, the older half with the newer",
    "reinitialise_threshold": "an error below this is good enough",
    # the network and the verdict
    "hidden_size": "width between the layers of a network of several",
    "threshold": "extrapolation error below which a run is solved; by default the published one of its task",
    "selection_window": "logged rows, from the last, among which the best step is chosen",
}
"""By key of `--set`."""


def default_of(key: str) -> str:
    """Return the default of a setting as text; empty where it depends on the task, or there is none."""
    models = (TrainingSettings, ArithmeticTask, *DIGIT_TASKS.values())
    fields = [model.model_fields[key] for model in models if key in model.model_fields]
    found = {"" if field.is_required() else _text(field.default) for field in fields}
    return found.pop() if len(found) == 1 and key != PENALTY else ""


def _text(value: Any) -> str:
    if isinstance(value, Range | str):
        return str(value)
    if value == ():
        return "[]"
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    return f"{value:g}" if isinstance(value, float) else str(getattr(value, "family", value))
