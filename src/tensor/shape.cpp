#include "tensor/shape.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/arithmetic.h"

namespace driftwood::tensor {

std::optional<std::uint64_t> element_count(std::span<const std::uint64_t> shape) {
  std::optional<std::uint64_t> count = 1;
  for (const std::uint64_t dim : shape) {
    count = checked_multiply(*count, dim);
    if (!count) return std::nullopt;
  }
  return count;
}

std::string to_string(std::span<const std::uint64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

bool operator==(const SymbolicShape& a, const SymbolicShape& b) {
  return std::ranges::equal(a.span(), b.span());
}

std::string to_string(const SymbolicShape& shape) {
  std::vector<std::string> dims;
  for (const Dim& dim : shape.span()) {
    if (dim.is_constant()) {
      dims.push_back(fmt::format("{}", dim.factor));
    } else if (dim.factor == 1) {
      dims.push_back(fmt::format("T{}", dim.symbol));
    } else {
      dims.push_back(fmt::format("{}*T{}", dim.factor, dim.symbol));
    }
  }
  return fmt::format("[{}]", fmt::join(dims, ", "));
}

}  // namespace driftwood::tensor
