// What every generated kernel begins with; a kernel that is compiled with this compiled already skips its own copy.
#ifndef NALM_KERNEL_HPP
#define NALM_KERNEL_HPP
// vec.h comes first: without AVX-512 it includes the other one, which it cannot while that one includes it.
#include <ATen/cpu/vec/vec.h>
#include <ATen/cpu/vec/functional_base.h>
#include <cmath>
#include <cstdint>
#include <cstring>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

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
// Whether x is a number, by its bits: true also where a compiler is told that all numbers are finite.
inline bool is_finite(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return (bits & 0x7f800000u) != 0x7f800000u;
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
// While it lives, numbers too small to be normal are zeros to this thread. Products of many factors are full of them, and
// processors take a hundred times as long for each.
class TinyAreZero {
#if defined(__SSE2__)
  const unsigned before = _mm_getcsr();

 public:
  TinyAreZero() { _mm_setcsr(before | 0x8040); }
  ~TinyAreZero() { _mm_setcsr(before); }
#elif defined(__aarch64__)
  uint64_t before;

 public:
  TinyAreZero() {
    asm volatile("mrs %0, fpcr" : "=r"(before));
    asm volatile("msr fpcr, %0" ::"r"(before | (1ull << 24)));
  }
  ~TinyAreZero() { asm volatile("msr fpcr, %0" ::"r"(before)); }
#endif
};
template <int64_t N>
constexpr int64_t padded = (N + W - 1) / W * W;
// How many vectors, of at most `most`, divide the N elements evenly.
template <int64_t N>
constexpr int64_t tile(int64_t most) {
  while (N % (most * W) != 0 && most > 1) most--;
  return most;
}
}  // namespace
#endif
