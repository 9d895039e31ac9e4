// A mutable global of a guest with its value, as a snapshot holds it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace driftwood::guest {

struct Global {
  std::uint32_t index = 0;  // among all globals of the module, imported ones first
  char type = 'i';          // i is i32, I i64, f f32, F f64, V v128
  // The value's bytes as it would lie in the guest's memory, NaNs as they are; the rest is zero.
  std::array<std::byte, 16> bits = {};

  bool operator==(const Global&) const = default;
};

}  // namespace driftwood::guest
