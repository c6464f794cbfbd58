// Training data of the arithmetic tasks with uniform inputs, bit for bit as NumPy computes them, and noise as PyTorch's.
//
// The generator is MT19937 (Matsumoto & Nishimura 1998) with NumPy's 53-bit doubles; additions are made in the order of
// NumPy's pairwise summation. Only the order of independent work differs, so that it runs in vector registers.
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

// NumPy's pairwise sum over `count` rows of a tile `[count][TILE]`; a single row is not copied.
template <int64_t TILE>
const double* pairwise(const double* __restrict x, int64_t count, double* __restrict out) {
  if (count == 1) return x;
  if (count < 8) {
    for (int64_t r = 0; r < TILE; r++) out[r] = x[r] + x[TILE + r];
    for (int64_t i = 2; i < count; i++)
      for (int64_t r = 0; r < TILE; r++) out[r] += x[i * TILE + r];
    return out;
  }
  if (count > 128) {
    int64_t half = count / 2;
    half -= half % 8;
    double second[TILE];
    pairwise<TILE>(x, half, out);
    const double* rest = pairwise<TILE>(x + half * TILE, count - half, second);
    for (int64_t r = 0; r < TILE; r++) out[r] += rest[r];
    return out;
  }
  double part[8][TILE];
  std::memcpy(part, x, sizeof(part));
  int64_t i = 8;
  for (; i < count - count % 8; i += 8)
    for (int64_t j = 0; j < 8; j++)
      for (int64_t r = 0; r < TILE; r++) part[j][r] += x[(i + j) * TILE + r];
  for (int64_t r = 0; r < TILE; r++)
    out[r] = ((part[0][r] + part[1][r]) + (part[2][r] + part[3][r])) +
             ((part[4][r] + part[5][r]) + (part[6][r] + part[7][r]));
  for (; i < count; i++)
    for (int64_t r = 0; r < TILE; r++) out[r] += x[i * TILE + r];
  return out;
}

enum Operation { ADD, SUB, MUL, DIV, SQUARED, ROOT, RECIPROCAL };

template <int64_t TILE, typename F>
void each(double* __restrict total, const double* __restrict operand, F combine) {
  for (int64_t r = 0; r < TILE; r++) total[r] = combine(total[r], operand[r]);
}

template <int64_t TILE>
void combine(int64_t operation, double* total, const double* operand) {
  switch (operation) {
    case ADD: return each<TILE>(total, operand, [](double a, double b) { return a + b; });
    case SUB: return each<TILE>(total, operand, [](double a, double b) { return a - b; });
    case MUL: return each<TILE>(total, operand, [](double a, double b) { return a * b; });
    default: return each<TILE>(total, operand, [](double a, double b) { return a / b; });
  }
}

template <int64_t TILE>
void finish(int64_t operation, double* total) {
  for (int64_t r = 0; r < TILE; r++) {
    if (operation == SQUARED) total[r] *= total[r];
    if (operation == ROOT) total[r] = __builtin_sqrt(total[r]);
    if (operation == RECIPROCAL) total[r] = 1.0 / total[r];
  }
}

struct Shape {
  int64_t batch, inputs;
  double lower, width;
  int64_t operation, operands;
  const int64_t* slices;
};

// One step: `tile` holds inputs * TILE numbers.
template <int64_t TILE>
void write_step(const Shape& s, const double* __restrict lanes, double* __restrict tile, float* __restrict out) {
  for (int64_t first = 0; first < s.batch; first += TILE) {
    const int64_t rows = s.batch - first < TILE ? s.batch - first : TILE;
    for (int64_t i = 0; i < s.inputs; i++) {
      const double* __restrict u = lanes + i * s.batch + first;
      double* __restrict x = tile + i * TILE;
      float* __restrict rounded = out + i * s.batch + first;
      if (rows == TILE) {
        for (int64_t r = 0; r < TILE; r++) {
          x[r] = u[r] * s.width + s.lower;
          rounded[r] = static_cast<float>(x[r]);
        }
      } else {
        for (int64_t r = 0; r < TILE; r++) x[r] = r < rows ? u[r] * s.width + s.lower : 1.0;
        for (int64_t r = 0; r < rows; r++) rounded[r] = static_cast<float>(x[r]);
      }
    }
    double total[TILE], operand[TILE];
    for (int64_t j = 0; j < s.operands; j++) {
      const int64_t start = s.slices[2 * j], count = s.slices[2 * j + 1] - start;
      const double* sum = pairwise<TILE>(tile + start * TILE, count, j ? operand : total);
      if (j) combine<TILE>(s.operation, total, sum);
      else if (sum != total) std::memcpy(total, sum, sizeof(total));
    }
    if (s.operation >= SQUARED) finish<TILE>(s.operation, total);
    float* __restrict target = out + s.inputs * s.batch + first;
    if (rows == TILE) {
      for (int64_t r = 0; r < TILE; r++) target[r] = static_cast<float>(total[r]);
    } else {
      for (int64_t r = 0; r < rows; r++) target[r] = static_cast<float>(total[r]);
    }
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
// `[steps][inputs + 1][batch]`. `slices` holds pairs of first and last input, `operands` pairs a task; `tile` holds
// inputs * 128 numbers.
extern "C" void write(const double* lanes, int64_t steps, int64_t batch, int64_t inputs, int64_t tasks,
                      const double* lower, const double* width, const int64_t* operation, const int64_t* operands,
                      const int64_t* slices, double* tile, float* const* outs) {
  // large tiles for few inputs, small ones where a tile of all inputs would leave the first-level cache
  const auto write_one = inputs <= 16 ? write_step<128> : write_step<32>;
  for (int64_t n = 0; n < tasks; slices += 2 * operands[n], n++) {
    const Shape shape{batch, inputs, lower[n], width[n], operation[n], operands[n], slices};
    float* out = outs[n];
    for (int64_t k = 0; k < steps; k++, out += batch * (inputs + 1))
      write_one(shape, lanes + k * batch * inputs, tile, out);
  }
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
