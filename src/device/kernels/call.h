// What the host writes for a kernel: the records of call.slang, as the GPU sees them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace driftwood::device::kernels {

// An address as the device counts it.
using Address = std::uint64_t;

inline constexpr std::size_t kMostOperands = 10;    // of a task: rms_norm and linear
inline constexpr std::size_t kMostAttributes = 16;  // by attribute id

struct Tensor {
  Address base;        // where the rows of all sequences lie, if `bases` is 0
  Address bases;       // of [sequences] u64, each one's address, or 0
  Address first_rows;  // of [sequences + 1] u32, the first row of each, and the total; 0: a weight
                       // or state
  std::uint32_t rows;  // as Size has them
  std::uint32_t row_elements;
  std::array<std::uint32_t, 4> dims;  // of one sequence; 0 beyond the rank
  std::uint32_t slot, plane;          // of a state
};
static_assert(sizeof(Tensor) == 56);

struct State {
  Address blocks;  // of [blocks] u64
  std::uint32_t past_rows, zero;
};
static_assert(sizeof(State) == 16);

enum class FaultKind : std::uint32_t { none = 0, index_out_of_range = 1, not_a_number = 2 };

struct Fault {
  std::uint32_t op;  // its index plus 1; 0: none
  FaultKind kind;
  std::int32_t index;
  std::uint32_t limit;
};
static_assert(sizeof(Fault) == 16);

struct alignas(16) Call {  // kernels load vectors from it where they have nothing better to load
  Address fault;    // of a Fault
  Address states;   // of [slots, sequences] State
  Address scratch;  // for the kernels of one op among themselves
  std::uint32_t op;
  std::uint32_t sequence_count;
  std::uint32_t inputs;  // how many of the operands
  std::uint32_t zero;
  std::array<std::int32_t, kMostAttributes> attributes;  // numbers as the bits of an f32
  std::array<Tensor, kMostOperands> operands;            // inputs, then outputs
};
static_assert(sizeof(Call) == 672);

}  // namespace driftwood::device::kernels
