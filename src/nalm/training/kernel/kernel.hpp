// What every generated kernel begins with.
// vec.h comes first: without AVX-512 it includes the other one, which it cannot while that one includes it.
#include <ATen/cpu/vec/vec.h>
#include <ATen/cpu/vec/functional_base.h>
#include <cmath>
#include <cstdint>

using V = at::vec::Vectorized<float>;
namespace {
constexpr int64_t W = V::size();
inline V sign(V x) {
  const V one(1.0f), zero(0.0f);
  return V::blendv(zero, one, x > zero) - V::blendv(zero, one, x < zero);
}
inline float sign(float x) { return float(x > 0.0f) - float(x < 0.0f); }
inline float smaller(float a, float b) { return (a != a || a < b) ? a : b; }
inline float larger(float a, float b) { return (a != a || a > b) ? a : b; }
inline float total(V x) {
  return at::vec::vec_reduce_all<float>([](V& a, V& b) { return a + b; }, x);
}
// Elements i to i + W of the N at p; beyond the end they are arbitrary.
template <int64_t N>
inline V load(const float* p, int64_t i) {
  if constexpr (N % W == 0) return V::loadu(p + i);
  return i + W <= N ? V::loadu(p + i) : V::loadu(p + i, N - i);
}
// x with zeros for elements beyond the end.
template <int64_t N>
inline V inside(V x, int64_t i) {
  if constexpr (N % W == 0) return x;
  return i + W <= N ? x : V::set(V(0.0f), x, N - i);
}
template <int64_t N>
inline void store(V x, float* p, int64_t i) {
  x.store(p + i, N % W == 0 || i + W <= N ? W : N - i);
}
template <int64_t N>
constexpr int64_t padded = (N + W - 1) / W * W;
// How many vectors, of at most `most`, divide the N elements evenly.
template <int64_t N>
constexpr int64_t tile(int64_t most) {
  while (N % (most * W) != 0 && most > 1) most--;
  return most;
}
}  // namespace
