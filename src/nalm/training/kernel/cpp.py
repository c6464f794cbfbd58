"""C++ for a graph of scalar expressions: rows of the batch in vector lanes, everything else in registers.

One generated function handles its runs one after the other, so that a run's arithmetic cannot depend on its companions.
Vectors are PyTorch's own `at::vec::Vectorized<float>`. What a step computes is in `nalm.training.kernel.body`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nalm.training.kernel.body import Body
from nalm.training.kernel.expressions import Expression, ordered
from nalm.training.kernel.naming import scalar


@dataclass(frozen=True)
class Sizes:
    """How many numbers of each kind one run reads: per run, per step, or per step and row of the batch."""

    rows: int
    state: int
    run: int
    schedule: int
    data_lanes: int
    noise_lanes: int
    noise: int
    wide: int | None = None

    @property
    def data_stride(self) -> int:
        """Floats of data in one step."""
        return self.data_lanes * self.rows

    @property
    def noise_stride(self) -> int:
        """Floats of noise in one step: the lanes, then the scalars."""
        return self.noise_lanes * self.rows + self.noise


_HEAD = """\
extern "C" void {name}({arguments}) {{
  constexpr int64_t B = {rows}, F = {wide};
  const V ONE(1.0f), ZERO(0.0f), TRUE = (ZERO == ZERO);
  (void)ONE; (void)TRUE; (void)F;
{mode}  for (int64_t n = 0; n < runs; n++) {{
"""

# `prepare`, if given, makes the data of a step from what `data_of_run` points to
_INPUTS = (
    "const float* run_table, const float* schedule_table, const float* (*prepare)(const void*, int64_t), "
    "int64_t start, const float* const* data_of_run, const float* const* noise_of_run, int64_t runs"
)


def _inputs(sizes: Sizes, step: str) -> list[str]:
    lines = [f"const float run{i} = run_table[n * {sizes.run} + {i}]; (void)run{i};" for i in range(sizes.run)]
    lines += [
        f"const float schedule{i} = schedule_table[({step}) * {sizes.schedule} + {i}]; (void)schedule{i};"
        for i in range(sizes.schedule)
    ]
    lines += [f"const float noise{i} = noise[{sizes.noise_lanes * sizes.rows + i}];" for i in range(sizes.noise)]
    return lines


def _head(name: str, arguments: str, sizes: Sizes, outputs: Sequence[Expression]) -> str:
    has_products = any(node.op == "product wide" for node in ordered(outputs))
    mode = "  const TinyAreZero tiny_are_zero;\n" if has_products else ""
    return _HEAD.format(name=name, arguments=arguments, rows=sizes.rows, wide=sizes.wide or 1, mode=mode)


@dataclass(frozen=True)
class OutputSlot:
    """Where in the state one output goes: `count` numbers from `start` on."""

    start: int
    count: int


def training_function(
    outputs: Sequence[Expression], output_slots: Sequence[OutputSlot], sizes: Sizes, checked: int
) -> str:
    """`train`: advances each run's state by `steps` updates and stops a run whose network stops being finite.

    `failed[n]` is -1 for a run in good order; a run that fails gets the index of the failing step, and runs that have
    failed before are left alone. The updates are those of the rows of the schedule from `first` on, with data and noise
    from their beginning. The first `checked` numbers of the state are those of the network.
    """
    single = [(node, place.start) for node, place in zip(outputs, output_slots, strict=True) if place.count == 1]
    wide = [(node, place.start) for node, place in zip(outputs, output_slots, strict=True) if place.count > 1]
    body = Body(outputs, [item for item in wide if item[0].axes])
    flat = [(scalar(node), start) for node, start in wide if not node.axes]
    # a sum is finite only if every term is, short of an overflow that is a divergence as well
    check = ["total(finite)"] * any(start < checked for _, start in wide)
    check += [f"state{start}" for _, start in single if start < checked]
    lines = [
        "if (failed[n] >= 0) continue;",
        f"float* state = states + n * {sizes.state};",
        "const float* noise = noise_of_run[n];",
        *(f"float state{i} = state[{i}];" for _, i in single),
        "for (int64_t k = 0; k < steps; k++) {",
        f"const float* data = prepare ? prepare(data_of_run[n], start + k) : data_of_run[n] + k * {sizes.data_stride};",
        *_inputs(sizes, "first + k"),
        *body.lines,
        *(f"for (int64_t f = 0; f < F; f++) state[{start} + f] = {value};" for value, start in flat),
        *(f"const float next{i} = {scalar(node)};" for node, i in single),
        *(f"state{i} = next{i};" for _, i in single),
        f"noise += {sizes.noise_stride};",
        "V finite = ZERO;",
        *(
            f"for (int64_t f = 0; f < F; f += W) finite = finite + inside<F>(load<F>(state + {start}, f), f);"
            for _, start in wide
            if start < checked
        ),
        *([f"if (!is_finite({' + '.join(check)})) {{ failed[n] = first + k; break; }}"] if check else []),
        "}",
        *(f"state[{i}] = state{i};" for _, i in single),
    ]
    arguments = f"float* states, {_INPUTS}, int64_t first, int64_t steps, int64_t* failed"
    return _head("train", arguments, sizes, outputs) + "\n".join(lines) + "\n  }\n}\n"


def evaluation_function(name: str, outputs: Sequence[Expression], sizes: Sizes) -> str:
    """`name`: writes `outputs` of each run's state to `result`, changing nothing.

    The data of a run may be `chunks` equal parts one after the other; the results are then means over them.
    """
    body = Body(outputs)
    used = {node.value for node in ordered(outputs) if node.op == "leaf" and not node.axes}
    lines = [
        f"const float* state = states + n * {sizes.state}; (void)state;",
        "const float* noise = noise_of_run[n]; (void)noise;",
        *(f"const float state{i} = state[{i}];" for i in range(sizes.state) if ("state", i) in used),
        *_inputs(sizes, "0"),
        f"double means[{len(outputs)}] = {{}};",
        "for (int64_t c = 0; c < chunks; c++) {",
        f"const float* data = prepare ? prepare(data_of_run[n], start) : data_of_run[n] + c * {sizes.data_stride};",
        "(void)data;",
        *body.lines,
        *(f"means[{i}] += {scalar(node)};" for i, node in enumerate(outputs)),
        "}",
        f"for (int64_t i = 0; i < {len(outputs)}; i++) result[n * {len(outputs)} + i] = means[i] / chunks;",
    ]
    arguments = f"const float* states, {_INPUTS}, int64_t chunks, float* result"
    return _head(name, arguments, sizes, outputs) + "\n".join(lines) + "\n  }\n}\n"
