// Training data of the arithmetic tasks with uniform inputs, bit for bit as NumPy computes them, and noise as PyTorch's.
//
// The generator is MT19937 (Matsumoto & Nishimura 1998) with NumPy's 53-bit doubles; additions are made in the order of
// NumPy's pairwise summation. Only the order of independent work differs, so that it runs in vector registers.
//
// Behind this text follows a line OPERATION(name, parameters, expression) for each row of the table `nalm.tasks.OPERATIONS`
// that has an expression.
#include <cstdint>
#include <cstring>

namespace {

constexpr int64_t N = 624, M = 397;
constexpr uint32_t UPPER = 0x80000000u, LOWER = 0x7fffffffu, MATRIX = 0x9908b0dfu;

inline uint32_t twisted(uint32_t upper, uint32_t lower, uint32_t far) {
  const uint32_t y = (upper & UPPER) | (lower & LOWER);
  return far ^ (y >> 1) ^ (-(y & 1u) & MATRIX);
}

void twist(uint32_t* __restrict key) {
#pragma GCC ivdep
  for (int64_t i = 0; i < N - M; i++) key[i] = twisted(key[i], key[i + 1], key[i + M]);
#pragma GCC ivdep
  for (int64_t i = N - M; i < N - 1; i++) key[i] = twisted(key[i], key[i + 1], key[i + M - N]);
  key[N - 1] = twisted(key[N - 1], key[0], key[M - 1]);
}

void temper(const uint32_t* __restrict key, uint32_t* __restrict out, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    uint32_t y = key[i];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    out[i] = y ^ (y >> 18);
  }
}

// The next `count` 32-bit outputs; `key` and `*position` are the generator's state as NumPy keeps it.
void outputs(uint32_t* key, int64_t* position, uint32_t* out, int64_t count) {
  while (count > 0) {
    if (*position == N) {
      twist(key);
      *position = 0;
    }
    const int64_t now = N - *position < count ? N - *position : count;
    temper(key + *position, out, now);
    *position += now;
    out += now;
    count -= now;
  }
}

// Rows of the batch that are worked on at a time.
constexpr int64_t TILE = 128;

struct Operation;

struct Shape {
  int64_t batch, inputs;
  double lower, width;
  const Operation* operation;
  int64_t operands;
  const int64_t* slices;
};

// What the code below needs of an operation.
struct Operation {
  void (*combine)(double* total, const double* operand, int64_t rows);  // null if it takes one operand only
  void (*finish)(double* total, int64_t rows);                          // null unless it takes one operand only
  void (*write_pair)(const Shape& s, const double* u, float* out);      // write_step's results where is_pair
};

// NumPy's pairwise sum over `count` inputs from `u` on, of up to TILE rows of the batch.
void pairwise(const Shape& s, const double* __restrict u, int64_t count, int64_t rows, double* __restrict out) {
  const double lower = s.lower, width = s.width;
  const auto set = [&](double* __restrict to, int64_t i) {
    for (int64_t r = 0; r < rows; r++) to[r] = u[i * s.batch + r] * width + lower;
  };
  const auto add = [&](double* __restrict to, int64_t i) {
    for (int64_t r = 0; r < rows; r++) to[r] += u[i * s.batch + r] * width + lower;
  };
  if (count < 8) {
    set(out, 0);
    for (int64_t i = 1; i < count; i++) add(out, i);
    return;
  }
  if (count > 128) {
    int64_t half = count / 2;
    half -= half % 8;
    double second[TILE];
    pairwise(s, u, half, rows, out);
    pairwise(s, u + half * s.batch, count - half, rows, second);
    for (int64_t r = 0; r < rows; r++) out[r] += second[r];
    return;
  }
  double part[8][TILE];
  for (int64_t j = 0; j < 8; j++) set(part[j], j);
  int64_t i = 8;
  for (; i < count - count % 8; i += 8)
    for (int64_t j = 0; j < 8; j++) add(part[j], i + j);
  for (int64_t r = 0; r < rows; r++)
    out[r] = ((part[0][r] + part[1][r]) + (part[2][r] + part[3][r])) +
             ((part[4][r] + part[5][r]) + (part[6][r] + part[7][r]));
  for (; i < count; i++) add(out, i);
}

template <typename Value>
void combine(double* __restrict total, const double* __restrict operand, int64_t rows) {
  for (int64_t r = 0; r < rows; r++) total[r] = Value::of(total[r], operand[r]);
}

template <typename Value>
void finish(double* __restrict total, int64_t rows) {
  for (int64_t r = 0; r < rows; r++) total[r] = Value::of(total[r]);
}

// The task of most runs, an operation on two inputs, without going through memory.
template <typename Value>
void write_pair(const Shape& s, const double* __restrict u, float* __restrict out) {
  const double lower = s.lower, width = s.width;
  const int64_t batch = s.batch;
  for (int64_t r = 0; r < batch; r++) {
    const double a = u[r] * width + lower, b = u[batch + r] * width + lower;
    out[r] = static_cast<float>(a);
    out[batch + r] = static_cast<float>(b);
    out[2 * batch + r] = static_cast<float>(Value::of(a, b));
  }
}

template <typename Value>
constexpr Operation operation_of(double (*)(double)) {
  return {nullptr, finish<Value>, nullptr};
}

template <typename Value>
constexpr Operation operation_of(double (*)(double, double)) {
  return {combine<Value>, nullptr, write_pair<Value>};
}

bool is_pair(const Shape& s) {
  const int64_t* bounds = s.slices;
  return s.inputs == 2 && s.operands == 2 && bounds[0] == 0 && bounds[1] == 1 && bounds[2] == 1 && bounds[3] == 2;
}

// Inputs and targets of one step. Additions in `pairwise` round each input on its way, as a stored input would be.
void write_step(const Shape& s, const double* __restrict lanes, float* __restrict out) {
  for (int64_t i = 0; i < s.inputs * s.batch; i++) out[i] = static_cast<float>(lanes[i] * s.width + s.lower);
  for (int64_t first = 0; first < s.batch; first += TILE) {
    const int64_t rows = s.batch - first < TILE ? s.batch - first : TILE;
    double total[TILE], operand[TILE];
    for (int64_t j = 0; j < s.operands; j++) {
      const int64_t start = s.slices[2 * j], count = s.slices[2 * j + 1] - start;
      pairwise(s, lanes + start * s.batch + first, count, rows, j ? operand : total);
      if (j) s.operation->combine(total, operand, rows);
    }
    if (s.operation->finish) s.operation->finish(total, rows);
    float* __restrict target = out + s.inputs * s.batch + first;
    for (int64_t r = 0; r < rows; r++) target[r] = static_cast<float>(total[r]);
  }
}

}  // namespace

// Uniforms on [0, 1) of the next steps, drawn as `[steps][batch][inputs]`, written as `[steps][inputs][batch]`.
// `words` holds 2 * batch * inputs numbers, `row_major` batch * inputs.
extern "C" void draw(uint32_t* key, int64_t* position, int64_t steps, int64_t batch, int64_t inputs,
                     uint32_t* __restrict words, double* __restrict row_major, double* __restrict lanes) {
  const int64_t count = batch * inputs;
  for (int64_t k = 0; k < steps; k++, lanes += count) {
    outputs(key, position, words, 2 * count);
    for (int64_t j = 0; j < count; j++)
      row_major[j] = ((words[2 * j] >> 5) * 67108864.0 + (words[2 * j + 1] >> 6)) * (1.0 / 9007199254740992.0);
    if (inputs <= 4) {
      for (int64_t i = 0; i < inputs; i++)
        for (int64_t r = 0; r < batch; r++) lanes[i * batch + r] = row_major[r * inputs + i];
      continue;
    }
    for (int64_t first = 0; first < inputs; first += 8) {
      const int64_t last = first + 8 < inputs ? first + 8 : inputs;
      for (int64_t r = 0; r < batch; r++)
        for (int64_t i = first; i < last; i++) lanes[i * batch + r] = row_major[r * inputs + i];
    }
  }
}

// For each of `tasks` tasks, inputs `lower + width * u` and targets of `steps` steps into its `out`
// `[steps][inputs + 1][batch]`. `slices` holds pairs of first and last input, `operands` pairs a task.
extern "C" void write(const double* lanes, int64_t steps, int64_t batch, int64_t inputs, int64_t tasks,
                      const double* lower, const double* width, const Operation* const* operation,
                      const int64_t* operands, const int64_t* slices, float* const* outs) {
  for (int64_t n = 0; n < tasks; slices += 2 * operands[n], n++) {
    const Shape shape{batch, inputs, lower[n], width[n], operation[n], operands[n], slices};
    const auto write_one = is_pair(shape) ? shape.operation->write_pair : write_step;
    float* out = outs[n];
    for (int64_t k = 0; k < steps; k++, out += batch * (inputs + 1))
      write_one(shape, lanes + k * batch * inputs, out);
  }
}

// One task's data made step by step, where a block of them would not stay in the cache.
struct Context {
  const double* lanes;
  float* out;
  Shape shape;
};

extern "C" int64_t context_size() { return sizeof(Context); }

extern "C" void make_context(void* context, const double* lanes, int64_t batch, int64_t inputs, double lower, double width,
                             const void* operation, int64_t operands, const int64_t* slices, float* out) {
  const Shape shape{batch, inputs, lower, width, static_cast<const Operation*>(operation), operands, slices};
  *static_cast<Context*>(context) = Context{lanes, out, shape};
}

// The inputs and targets `[inputs + 1][batch]` of step k, until the next call.
extern "C" const float* prepare(void* context, int64_t k) {
  const Context& c = *static_cast<const Context*>(context);
  write_step(c.shape, c.lanes + k * c.shape.batch * c.shape.inputs, c.out);
  return c.out;
}

// PyTorch's float uniforms on [0, 1) of the next steps: draws of `widths[d]` numbers per row of the batch, made as
// `[batch][width]` one after the other, written as `[width][batch]`. `words` holds `batch * sum(widths)` numbers.
extern "C" void noise(uint32_t* key, int64_t* position, int64_t steps, int64_t batch, int64_t draws,
                      const int64_t* widths, uint32_t* __restrict words, float* __restrict out) {
  int64_t count = 0;
  for (int64_t d = 0; d < draws; d++) count += batch * widths[d];
  for (int64_t k = 0; k < steps; k++) {
    outputs(key, position, words, count);
    const uint32_t* w = words;
    for (int64_t d = 0; d < draws; d++) {
      const int64_t width = widths[d];
      for (int64_t i = 0; i < width; i++)
        for (int64_t r = 0; r < batch; r++) out[i * batch + r] = (w[r * width + i] & 0xffffffu) * (1.0f / 16777216.0f);
      w += batch * width;
      out += batch * width;
    }
  }
}

// Defines `operation_NAME`, which returns what `write` and `make_context` take for the operation.
#define OPERATION(name, parameters, ...)                                                 \
  namespace {                                                                            \
  struct value_##name {                                                                  \
    static double of parameters { return __VA_ARGS__; }                                  \
  };                                                                                     \
  }                                                                                      \
  extern "C" const void* operation_##name() {                                            \
    static constexpr Operation operation = operation_of<value_##name>(value_##name::of); \
    return &operation;                                                                   \
  }
