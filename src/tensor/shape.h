// Shapes: concrete ones, and those of a program, whose dimensions may be a multiple of a symbol.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace driftwood::tensor {

// Dimensions of a tensor in memory, outermost first. Rank 0 is a scalar.
using Shape = std::vector<std::uint64_t>;

// The product of the dimensions, multiplied in order, or nothing if a product does not fit.
std::optional<std::uint64_t> element_count(std::span<const std::uint64_t> shape);

// "[2, 3]".
std::string to_string(std::span<const std::uint64_t> shape);

// One dimension of a tensor in a program: `factor`, or `factor` times the value of a symbol.
struct Dim {
  static constexpr std::int32_t kConstant = -1;

  std::uint32_t factor = 1;
  std::int32_t symbol = kConstant;  // index of the symbol, or kConstant

  bool is_constant() const { return symbol == kConstant; }
  std::uint64_t value(std::span<const std::uint32_t> symbols) const {
    return is_constant() ? factor
                         : std::uint64_t{factor} * symbols[static_cast<std::size_t>(symbol)];
  }
  friend bool operator==(const Dim&, const Dim&) = default;
};

// A shape of rank 0 to kMostDims whose dimensions may be symbolic.
struct SymbolicShape {
  static constexpr std::uint32_t kMostDims = 4;

  std::uint32_t rank = 0;
  std::array<Dim, kMostDims> dims = {};

  std::span<const Dim> span() const { return {dims.data(), rank}; }
  const Dim& operator[](std::size_t i) const { return dims[i]; }
  friend bool operator==(const SymbolicShape& a, const SymbolicShape& b);
};

// "[T0, 64]": symbol i is written T<i>, a factor before it as "2*T0".
std::string to_string(const SymbolicShape& shape);

}  // namespace driftwood::tensor
