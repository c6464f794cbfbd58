// Training data of the arithmetic tasks with uniform inputs, bit for bit as NumPy computes them, and noise as PyTorch's.
//
// The generator is MT19937 (Matsumoto & Nishimura 1998) with NumPy's 53-bit doubles; additions are made in the order of
// NumPy's pairwise summation. Only the order of independent work differs, so that it runs in vector registers.
//
// Behind this text follows a line OPERATION(name, parameters, floats, expression) for each row of the table `nalm.tasks.OPERATIONS`
// that has an expression.
#include <cstdint>
#include <cstring>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

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

// The uniform on [0, 1) of two outputs, as NumPy makes it: 53 bits. Integers that signed ones hold convert faster.
inline double uniform(uint32_t upper, uint32_t lower) {
  return (static_cast<int32_t>(upper >> 5) * 67108864.0 + static_cast<int32_t>(lower >> 6)) * (1.0 / 9007199254740992.0);
}

#if defined(__AVX512DQ__) && defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector) && __has_builtin(__builtin_convertvector)
#define EIGHT_AT_A_TIME
#endif
#endif

#ifdef EIGHT_AT_A_TIME
typedef double Eight __attribute__((vector_size(64)));
typedef float Floats __attribute__((vector_size(32)));
typedef uint64_t Pairs __attribute__((vector_size(64)));

// The uniforms of the 16 outputs from `words` on. Of each pair the first is in the lower half, and keeps 27 bits of 53.
inline Eight uniforms(const uint32_t* words) {
  Pairs w;
  std::memcpy(&w, words, sizeof w);
  const Pairs bits = ((w << 32) >> 37 << 26) | (w >> 38);
  return __builtin_convertvector(bits, Eight) * (1.0 / 9007199254740992.0);
}

inline void crosswise(Eight& a, Eight& b, int distance) {
  const Eight x = a, y = b;
  if (distance == 1) {
    a = __builtin_shufflevector(x, y, 0, 8, 2, 10, 4, 12, 6, 14);
    b = __builtin_shufflevector(x, y, 1, 9, 3, 11, 5, 13, 7, 15);
  } else if (distance == 2) {
    a = __builtin_shufflevector(x, y, 0, 1, 8, 9, 4, 5, 12, 13);
    b = __builtin_shufflevector(x, y, 2, 3, 10, 11, 6, 7, 14, 15);
  } else {
    a = __builtin_shufflevector(x, y, 0, 1, 2, 3, 8, 9, 10, 11);
    b = __builtin_shufflevector(x, y, 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

// Eight inputs of eight rows, from outputs `[8][2 * inputs]` to lanes `[8][batch]`.
void transpose(const uint32_t* words, int64_t inputs, double* lanes, int64_t batch) {
  Eight row[8];
  for (int64_t r = 0; r < 8; r++) row[r] = uniforms(words + 2 * r * inputs);
#pragma GCC unroll 3
  for (int distance = 1; distance < 8; distance *= 2)
#pragma GCC unroll 8
    for (int r = 0; r < 8; r++)
      if (!(r & distance)) crosswise(row[r], row[r + distance], distance);
  for (int64_t i = 0; i < 8; i++) std::memcpy(lanes + i * batch, &row[i], sizeof row[i]);
}
#endif

// Uniforms `[inputs][batch]` of the outputs `words` `[batch][inputs]`, two each.
void to_lanes(const uint32_t* __restrict words, int64_t batch, int64_t inputs, double* __restrict lanes) {
#ifdef EIGHT_AT_A_TIME
  if (batch % 8 == 0 && inputs >= 8) {
    for (int64_t i = 0; i < inputs; i += 8) {
      const int64_t first = i + 8 <= inputs ? i : inputs - 8;  // some are made twice
      for (int64_t r = 0; r < batch; r += 8)
        transpose(words + 2 * (r * inputs + first), inputs, lanes + first * batch + r, batch);
    }
    return;
  }
#endif
  for (int64_t i = 0; i < inputs; i++)
    for (int64_t r = 0; r < batch; r++) {
      const uint32_t* w = words + 2 * (r * inputs + i);
      lanes[i * batch + r] = uniform(w[0], w[1]);
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
  void (*write_float_pair)(const Shape& s, const float* u, float* out);  // write_float_step's
};

#ifdef EIGHT_AT_A_TIME
// NumPy's pairwise sum over 8 to 128 inputs from `u` on, of 16 rows of the batch: what is summed stays in registers.
void pairwise_of_16(const Shape& s, const double* u, int64_t count, double* out) {
  const auto input = [&](int64_t i, int64_t half) {
    Eight x;
    std::memcpy(&x, u + i * s.batch + 8 * half, sizeof x);
    return x * s.width + s.lower;
  };
  Eight part[8][2];
#pragma GCC unroll 8
  for (int64_t j = 0; j < 8; j++)
#pragma GCC unroll 2
    for (int64_t half = 0; half < 2; half++) part[j][half] = input(j, half);
  int64_t i = 8;
  for (; i < count - count % 8; i += 8)
#pragma GCC unroll 8
    for (int64_t j = 0; j < 8; j++)
#pragma GCC unroll 2
      for (int64_t half = 0; half < 2; half++) part[j][half] += input(i + j, half);
  for (int64_t half = 0; half < 2; half++) {
    Eight sum = ((part[0][half] + part[1][half]) + (part[2][half] + part[3][half])) +
                ((part[4][half] + part[5][half]) + (part[6][half] + part[7][half]));
    for (int64_t rest = i; rest < count; rest++) sum += input(rest, half);
    std::memcpy(out + 8 * half, &sum, sizeof sum);
  }
}
#endif

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
#ifdef EIGHT_AT_A_TIME
  if (rows % 16 == 0) {
    for (int64_t r = 0; r < rows; r += 16) pairwise_of_16(s, u + r, count, out + r);
    return;
  }
#endif
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

// The same in float32, which for one operation on two numbers is what rounding the result of doubles gives.
template <typename Value>
void write_float_pair(const Shape& s, const float* __restrict u, float* __restrict out) {
  const float lower = s.lower, width = s.width;
  const int64_t batch = s.batch;
  for (int64_t r = 0; r < batch; r++) {
    const float a = u[r] * width + lower, b = u[batch + r] * width + lower;
    out[r] = a;
    out[batch + r] = b;
    out[2 * batch + r] = Value::of(a, b);
  }
}

template <typename Value>
constexpr Operation operation_of(double (*)(double)) {
  return {nullptr, finish<Value>, nullptr, nullptr};
}

template <typename Value>
constexpr Operation operation_of(double (*)(double, double)) {
  return {combine<Value>, nullptr, write_pair<Value>, write_float_pair<Value>};
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

// Rows `first` to `first + rows` of the sum of inputs `start` to `stop` of `x` `[inputs][batch]`, in float32 and in the
// order of NumPy's pairwise summation.
void float_pairwise(const float* __restrict x, int64_t batch, int64_t count, int64_t rows, float* __restrict out) {
  const auto add = [&](float* __restrict to, int64_t i) {
    for (int64_t r = 0; r < rows; r++) to[r] += x[i * batch + r];
  };
  if (count < 8) {
    std::memcpy(out, x, rows * sizeof *out);
    for (int64_t i = 1; i < count; i++) add(out, i);
    return;
  }
  if (count > 128) {
    int64_t half = count / 2;
    half -= half % 8;
    float second[TILE];
    float_pairwise(x, batch, half, rows, out);
    float_pairwise(x + half * batch, batch, count - half, rows, second);
    for (int64_t r = 0; r < rows; r++) out[r] += second[r];
    return;
  }
  float part[8][TILE];
  for (int64_t j = 0; j < 8; j++) std::memcpy(part[j], x + j * batch, rows * sizeof *x);
  int64_t i = 8;
  for (; i < count - count % 8; i += 8)
    for (int64_t j = 0; j < 8; j++) add(part[j], i + j);
  for (int64_t r = 0; r < rows; r++)
    out[r] = ((part[0][r] + part[1][r]) + (part[2][r] + part[3][r])) +
             ((part[4][r] + part[5][r]) + (part[6][r] + part[7][r]));
  for (; i < count; i++) add(out, i);
}

// Inputs and targets of one step from uniforms in float32: sums of the inputs as they are read, in float32.
void write_float_step(const Shape& s, const float* __restrict u, float* __restrict out) {
  const float lower = s.lower, width = s.width;
  for (int64_t i = 0; i < s.inputs * s.batch; i++) out[i] = u[i] * width + lower;
  for (int64_t first = 0; first < s.batch; first += TILE) {
    const int64_t rows = s.batch - first < TILE ? s.batch - first : TILE;
    double total[TILE], operand[TILE];
    for (int64_t j = 0; j < s.operands; j++) {
      const int64_t start = s.slices[2 * j], count = s.slices[2 * j + 1] - start;
      float sum[TILE];
      float_pairwise(out + start * s.batch + first, s.batch, count, rows, sum);
      double* to = j ? operand : total;
      for (int64_t r = 0; r < rows; r++) to[r] = sum[r];
      if (j) s.operation->combine(total, operand, rows);
    }
    if (s.operation->finish) s.operation->finish(total, rows);
    float* __restrict target = out + s.inputs * s.batch + first;
    for (int64_t r = 0; r < rows; r++) target[r] = static_cast<float>(total[r]);
  }
}

auto writer(const Shape& s, const double*) { return is_pair(s) ? s.operation->write_pair : write_step; }
auto writer(const Shape& s, const float*) { return is_pair(s) ? s.operation->write_float_pair : write_float_step; }

// Philox4x32-10 (Salmon et al. 2011) of eight counters at a time, 32 bits in each lane of 64; upper halves do not count.
typedef uint64_t Counters __attribute__((vector_size(64)));

inline Counters times(Counters a, uint64_t b) {
#if defined(__AVX512F__)
  return (Counters)_mm512_mul_epu32((__m512i)a, _mm512_set1_epi64(b));
#else
  return (a & 0xffffffffu) * b;
#endif
}

// Vectors of counters that are worked on together: each round waits for the one before.
constexpr int64_t TOGETHER = 4;

inline void philox(Counters (&c)[4][TOGETHER], uint32_t key0, uint32_t key1) {
#pragma GCC unroll 1
  for (int round = 0; round < 10; round++, key0 += 0x9E3779B9u, key1 += 0xBB67AE85u)
#pragma GCC unroll 8
    for (int64_t h = 0; h < TOGETHER; h++) {
      const Counters a = times(c[0][h], 0xD2511F53u), b = times(c[2][h], 0xCD9E8D57u);
      c[0][h] = (b >> 32) ^ c[1][h] ^ key0;
      c[1][h] = b;
      c[2][h] = (a >> 32) ^ c[3][h] ^ key1;
      c[3][h] = a;
    }
}

// `count` uniforms on [0, 1) in float32, 24 bits each, of a step. Output w of counter b is number w * blocks + b.
void float_uniforms(uint64_t key, uint64_t step, int64_t count, float* __restrict out) {
  const int64_t blocks = (count + 3) / 4;
  for (int64_t first = 0; first < blocks; first += 8 * TOGETHER) {
    Counters c[4][TOGETHER];
#pragma GCC unroll 8
    for (int64_t h = 0; h < TOGETHER; h++) {
      c[0][h] = Counters{0, 1, 2, 3, 4, 5, 6, 7} + static_cast<uint64_t>(first + 8 * h);
      c[1][h] = Counters{} + (step & 0xffffffffu);
      c[2][h] = Counters{} + (step >> 32);
      c[3][h] = Counters{};
    }
    philox(c, static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32));
    for (int64_t w = 0; w < 4; w++)
      for (int64_t h = 0; h < TOGETHER; h++) {
        float u[8];
#ifdef EIGHT_AT_A_TIME
        const Floats eight = __builtin_convertvector((c[w][h] & 0xffffffffu) >> 8, Floats) * (1.0f / 16777216.0f);
        std::memcpy(u, &eight, sizeof u);
#else
        for (int64_t j = 0; j < 8; j++)
          u[j] = static_cast<int32_t>(static_cast<uint32_t>(c[w][h][j]) >> 8) * (1.0f / 16777216.0f);
#endif
        const int64_t b = first + 8 * h, at = w * blocks + b, kept = blocks - b < 8 ? blocks - b : 8;
        if (kept == 8 && at + 8 <= count)
          std::memcpy(out + at, u, sizeof u);
        else
          for (int64_t j = 0; j < kept && at + j < count; j++) out[at + j] = u[j];
      }
  }
}

}  // namespace

// Uniforms on [0, 1) of the next steps, drawn as `[steps][batch][inputs]`, written as `[steps][inputs][batch]`.
// `words` holds 2 * batch * inputs numbers.
static void draw(uint32_t* key, int64_t* position, int64_t steps, int64_t batch, int64_t inputs,
                     uint32_t* __restrict words, double* __restrict lanes) {
  for (int64_t k = 0; k < steps; k++, lanes += batch * inputs) {
    outputs(key, position, words, 2 * batch * inputs);
    to_lanes(words, batch, inputs, lanes);
  }
}

// For each of `tasks` tasks, inputs `lower + width * u` and targets of `steps` steps into its `out`
// `[steps][inputs + 1][batch]`. `slices` holds pairs of first and last input, `operands` pairs a task.
template <typename Real>
static void write_data(const Real* lanes, int64_t steps, int64_t batch, int64_t inputs, int64_t tasks,
                       const double* lower, const double* width, const Operation* const* operation,
                       const int64_t* operands, const int64_t* slices, float* const* outs) {
  for (int64_t n = 0; n < tasks; slices += 2 * operands[n], n++) {
    const Shape shape{batch, inputs, lower[n], width[n], operation[n], operands[n], slices};
    const auto write_one = writer(shape, lanes);
    float* out = outs[n];
    for (int64_t k = 0; k < steps; k++, out += batch * (inputs + 1))
      write_one(shape, lanes + k * batch * inputs, out);
  }
}

// One task's data made step by step, where a block of them would not stay in the cache. `fills` counts how often the
// lanes were filled: a step that was made last is not made again for the next run that reads it.
struct Context {
  const double* lanes;
  const float* float_lanes;  // those of a `fast` stream; null for a `paper` stream
  float* out;
  Shape shape;
  const int64_t* fills;
  int64_t made_in, made;
};

extern "C" int64_t context_size() { return sizeof(Context); }

extern "C" void make_context(void* context, const double* lanes, const float* float_lanes, int64_t batch, int64_t inputs, double lower, double width,
                             const void* operation, int64_t operands, const int64_t* slices, float* out,
                             const int64_t* fills) {
  const Shape shape{batch, inputs, lower, width, static_cast<const Operation*>(operation), operands, slices};
  *static_cast<Context*>(context) = Context{lanes, float_lanes, out, shape, fills, -1, -1};
}

// The inputs and targets `[inputs + 1][batch]` of step k, until the next call that shares `out`.
extern "C" const float* prepare(void* context, int64_t k) {
  Context& c = *static_cast<Context*>(context);
  if (c.fills && c.made == k && c.made_in == *c.fills) return c.out;
  const int64_t at = k * c.shape.batch * c.shape.inputs;
  if (c.float_lanes)
    write_float_step(c.shape, c.float_lanes + at, c.out);
  else
    write_step(c.shape, c.lanes + at, c.out);
  c.made = k;
  c.made_in = c.fills ? *c.fills : -1;
  return c.out;
}

// PyTorch's float uniforms on [0, 1) of the next steps: draws of `widths[d]` numbers per row of the batch, made as
// `[batch][width]` one after the other, written as `[width][batch]`. `words` holds `batch * sum(widths)` numbers.
static void draw_noise(uint32_t* key, int64_t* position, int64_t steps, int64_t batch, int64_t draws,
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

// The next steps of a stream in the buffers that its readers know; each begins where the last call ended.
struct LanesFilled {
  uint32_t* key;
  int64_t* position;
  int64_t batch, inputs;
  uint32_t* words;
  double* lanes;
  float* float_lanes;  // of a `fast` stream, which needs `counter_key` and `step` instead of the first two
  uint64_t counter_key;
  int64_t step;
  int64_t fills;
};

extern "C" void fill_lanes(void* context, int64_t steps) {
  LanesFilled& c = *static_cast<LanesFilled*>(context);
  const int64_t count = c.batch * c.inputs;
  if (c.float_lanes)
    for (int64_t k = 0; k < steps; k++) float_uniforms(c.counter_key, c.step++, count, c.float_lanes + k * count);
  else
    draw(c.key, c.position, steps, c.batch, c.inputs, c.words, c.lanes);
  c.fills++;
}

// The data of some tasks that read one stream; see `write_data`.
struct DataFilled {
  LanesFilled* lanes;
  int64_t tasks;
  const double *lower, *width;
  const Operation* const* operation;
  const int64_t *operands, *slices;
  float* const* outs;
};

extern "C" void fill_data(void* context, int64_t steps) {
  DataFilled& c = *static_cast<DataFilled*>(context);
  fill_lanes(c.lanes, steps);
  const auto write = [&](const auto* lanes) {
    write_data(lanes, steps, c.lanes->batch, c.lanes->inputs, c.tasks, c.lower, c.width, c.operation, c.operands,
               c.slices, c.outs);
  };
  if (c.lanes->float_lanes)
    write(c.lanes->float_lanes);
  else
    write(c.lanes->lanes);
}

struct NoiseFilled {
  uint32_t* key;
  int64_t* position;
  int64_t batch, draws;
  const int64_t* widths;
  uint32_t* words;
  float* out;
};

extern "C" void fill_noise(void* context, int64_t steps) {
  NoiseFilled& c = *static_cast<NoiseFilled*>(context);
  draw_noise(c.key, c.position, steps, c.batch, c.draws, c.widths, c.words, c.out);
}

// Something that fills buffers with what the next steps read.
struct Filled {
  void (*fill)(void* context, int64_t steps);
  void* context;
};

// Runs of one network; `train` as in `nalm.training.kernel.cpp`.
struct Trained {
  void (*train)(float* states, const float* run_table, const float* schedule, const float* (*prepare)(const void*, int64_t),
                int64_t start, const float* const* data, const float* const* noise, int64_t runs, int64_t first,
                int64_t steps, int64_t* failed);
  float* states;
  const float *run_table, *schedule;
  const float* (*prepare)(const void*, int64_t);
  const float *const *data, *const *noise;
  int64_t runs;
  int64_t* failed;
};

// Trains for `steps` steps, `chunk` at a time: what is drawn is read by all runs while it is in the cache. The first
// chunk is there already.
extern "C" void train_chunks(const Filled* filled, int64_t sources, const Trained* trained, int64_t networks, int64_t steps,
                             int64_t chunk) {
  for (int64_t first = 0; first < steps; first += chunk) {
    const int64_t now = first + chunk < steps ? chunk : steps - first;
    for (int64_t i = 0; first && i < sources; i++) filled[i].fill(filled[i].context, now);
    for (int64_t i = 0; i < networks; i++) {
      const Trained& t = trained[i];
      t.train(t.states, t.run_table, t.schedule, t.prepare, 0, t.data, t.noise, t.runs, first, now, t.failed);
    }
  }
}

// Defines `operation_NAME`, which returns what `fill_data` and `make_context` take for the operation.
#define OPERATION(name, parameters, floats, ...)                                         \
  namespace {                                                                            \
  struct value_##name {                                                                  \
    static double of parameters { return __VA_ARGS__; }                                  \
    static float of floats { return __VA_ARGS__; }                                       \
  };                                                                                     \
  }                                                                                      \
  extern "C" const void* operation_##name() {                                            \
    static constexpr Operation operation = operation_of<value_##name>(static_cast<double(*) parameters>(value_##name::of)); \
    return &operation;                                                                   \
  }
