#include "ops/index.h"

#include "tensor/convert.h"

namespace driftwood::ops {

Result<std::uint64_t> index_at(const tensor::View& indices, std::uint64_t i, std::uint64_t limit) {
  const std::int32_t index = tensor::load_i32(indices.bytes, i);
  if (index >= 0 && static_cast<std::uint64_t>(index) < limit) {
    return static_cast<std::uint64_t>(index);
  }
  return fail(ErrorCode::invalid_argument, "Index {} (entry {}) is outside 0 to {} (exclusive).",
              index, i, limit);
}

}  // namespace driftwood::ops
