// The GPU kernels that there are, whatever the backend: which op and dtype each is for, when it is
// the one to take, and how many workgroups it needs. Their code is in the .slang files here, one
// for each op.
//
// An op is one kernel or several that run one after the other, the later ones seeing what the
// earlier ones wrote.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "ops/op_list.h"
#include "tensor/dtype.h"

namespace driftwood::device::kernels {

// The size of an operand in one run.
struct Size {
  // Positions that attention takes together, whose sums are then joined (docs/numerics.md); as in
  // call.slang.
  static constexpr std::uint32_t kSpan = 256;

  // Of all sequences; of a weight its first dimension; of a state the spans of kSpan positions that
  // the longest sequence has.
  std::uint64_t rows;
  std::uint64_t row_elements;
  std::array<std::uint64_t, 4> dims;  // of one sequence; 0 beyond the rank
};

// What a kernel's choice and its grid depend on.
struct Sizes {
  std::span<const Size> inputs, outputs;
  std::size_t sequences;
};

struct Grid {
  static constexpr std::uint32_t kMost =
      65535;  // in each dimension, on every GPU; as in call.slang

  std::uint32_t x, y, z;

  // One workgroup for each of `count` items, which item_of() in call.slang numbers. Where y is
  // above kMost there are more than a device takes.
  static Grid items(std::uint64_t count);

  bool operator==(const Grid&) const = default;
};

struct Kernel {
  ops::OpNumber op;
  tensor::DType dtype;     // of the op's weights, table or state; f32 where there is none
  std::string_view entry;  // name of the entry point: "linear_few_rows_bf16"
  // Whether this is the kernel to take. Every kernel of an op and dtype that says so is run, in the
  // order of the table.
  bool (*takes)(const Sizes& sizes);
  Grid (*grid)(const Sizes& sizes);
  // Bytes of scratch memory, shared by the kernels of one op in one run; null: none. At most
  // 32 MiB: they are the device's own, no guest's limit counts them.
  std::uint64_t (*scratch_bytes)(const Sizes& sizes) = nullptr;
  // The ops right after it that it does as well, with the bits of one after the other; operands are
  // those of fused_operands() in fusion.h, and can_follow() there says where it can. Of such
  // kernels the first in the table that takes the sizes is run, instead of the kernels of its ops.
  std::span<const ops::OpNumber> also = {};
};

// All of them, by op and dtype, in the order in which those of one op run.
std::span<const Kernel> all_kernels();

}  // namespace driftwood::device::kernels
