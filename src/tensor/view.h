// A tensor in memory that somebody else owns: dtype, shape and the bytes, row-major without gaps.
#pragma once

#include <cstddef>
#include <span>

#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace driftwood::tensor {

struct View {
  DType dtype;
  Shape shape;
  std::span<const std::byte> bytes;  // element_count(shape) * size_bytes(dtype)
};

struct MutableView {
  DType dtype;
  Shape shape;
  std::span<std::byte> bytes;
};

}  // namespace driftwood::tensor
