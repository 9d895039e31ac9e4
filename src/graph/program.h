// A program: the computation that a guest recorded once and replays at every step. It is a flat
// list of ops over tensors whose changing sizes are symbols, encoded as in docs/program.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "ops/op.h"
#include "ops/op_list.h"

namespace driftwood::graph {

// The most that an encoded program may hold.
struct ProgramLimits {
  static constexpr std::uint32_t kBytes = 4 * 1024 * 1024;
  static constexpr std::uint32_t kSymbols = 8;
  static constexpr std::uint32_t kTensors = 65536;
  static constexpr std::uint32_t kOps = 16384;
  static constexpr std::uint32_t kSlots = 256;    // windows, states and registers, each
  static constexpr std::uint32_t kPlanes = 4096;  // of a state
  static constexpr std::uint64_t kTensorBytes = std::uint64_t{1} << 40;  // at the symbols' maxima
};

// One tensor: an operand of ops, and for weights the name under which the checkpoint has it.
struct Tensor : ops::Operand {
  std::string weight_name;  // empty unless place is weight
};

struct Op {
  const ops::OpDefinition* definition;
  std::vector<std::uint32_t> inputs;  // indices of tensors
  std::vector<std::uint32_t> outputs;
  ops::Attributes attributes;
};

// What a binding of a window slot has to cover.
struct WindowSlot {
  std::uint32_t tensor;  // the one tensor of this slot
  bool written;          // some op writes it, so the window must allow it
};

// What a state bound to a slot has to be. Rows appended in a run: the value of row_dim.
struct StateSlot {
  tensor::DType dtype;
  std::uint32_t plane_count;  // the highest plane used, plus one
  std::uint32_t head_count;
  std::uint32_t head_dim;
  tensor::Dim row_dim;
};

// What a register bound to a slot has to be.
struct RegisterSlot {
  tensor::DType dtype;
  tensor::Shape shape;
};

// A validated program. Immutable; shared by everything that was compiled from it.
struct Program {
  std::vector<std::uint32_t> symbol_maxima;
  std::vector<Tensor> tensors;
  std::vector<Op> ops;
  std::vector<WindowSlot> windows;      // by slot
  std::vector<StateSlot> states;        // by slot
  std::vector<RegisterSlot> registers;  // by slot
  // By symbol: whether it occurs only as the first dimension (with factor 1) of temporaries and
  // windows, so that sequences which differ in it can run together, their rows one after the other.
  std::vector<bool> symbol_is_rows;
  // The bytes this was decoded from: programs are equal if these are. The hash only finds them,
  // since a guest can make two programs with one hash.
  std::vector<std::byte> encoded;
  std::uint64_t hash = 0;  // XXH3 of `encoded`

  // The bytes of a tensor at these symbol values. Cannot overflow up to the maxima.
  std::uint64_t tensor_bytes(std::uint32_t tensor, std::span<const std::uint32_t> symbols) const;
};

// Decodes and validates: record sizes, counts, indices, dtypes, shapes, every op's rule, that each
// tensor is written before it is read and at most once, that slots are used one way. Errors:
// invalid_argument or limit, the op and tensor named: "Op 3 (linear): input 1 has ...".
Result<std::shared_ptr<const Program>> decode_program(std::span<const std::byte> bytes);

}  // namespace driftwood::graph
