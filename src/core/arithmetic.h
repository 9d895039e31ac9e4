// Arithmetic on sizes that come from outside: every sum and product says whether it fits.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>

namespace driftwood {

// a + b, or nothing if it does not fit into T.
template <std::integral T>
constexpr std::optional<T> checked_add(T a, T b) {
  T sum;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

// a * b, or nothing if it does not fit into T.
template <std::integral T>
constexpr std::optional<T> checked_multiply(T a, T b) {
  T product;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

// Whether [offset, offset + size) lies inside [0, limit).
constexpr bool range_fits(std::uint64_t offset, std::uint64_t size, std::uint64_t limit) {
  return offset <= limit && size <= limit - offset;
}

// The least multiple of `step` that is at least `value`. Precondition: the result fits.
constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t step) {
  return (value + step - 1) / step * step;
}

}  // namespace driftwood
