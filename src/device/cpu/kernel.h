// What a kernel sees: operands as rows, whether they lie in windows, weights or the arena, and
// whichever sequence they belong to.
//
// A run's rows are those of all its sequences, one sequence after the other. An operand has a base
// for each sequence; rows of one sequence lie without gaps from there.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "device/append_state.h"
#include "device/cpu/isa.h"
#include "ops/op_list.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace driftwood::device::cpu {

// How the rows of a first dimension are spread over the sequences of a run.
struct RowMap {
  std::vector<std::uint64_t> first;  // by sequence, and the total at the end

  std::uint64_t total() const { return first.back(); }
  std::size_t sequence_of(std::uint64_t row) const {
    if (first.size() == 2) return 0;
    return static_cast<std::size_t>(std::ranges::upper_bound(first, row) - first.begin() - 1);
  }
};

// One operand in one run.
struct Operand {
  std::array<std::uint64_t, tensor::SymbolicShape::kMostDims> dims =
      {};                          // of one sequence; dims[0] varies
  std::uint64_t row_elements = 0;  // of one row: the product of the dimensions after the first
  std::uint64_t row_bytes = 0;
  std::uint32_t slot = 0, plane = 0;  // of a state or register
  const RowMap* rows = nullptr;
  std::byte* const* bases = nullptr;  // by sequence

  std::uint64_t row_count(std::size_t sequence) const {
    return rows->first[sequence + 1] - rows->first[sequence];
  }
  template <typename T>
  T* of_sequence(std::size_t sequence) const {
    return reinterpret_cast<T*>(bases[sequence]);
  }
  template <typename T>
  T* row(std::uint64_t row) const {
    const std::size_t sequence = rows->sequence_of(row);
    return reinterpret_cast<T*>(bases[sequence] + (row - rows->first[sequence]) * row_bytes);
  }
};

// A state bound to a run, by one sequence.
struct BoundState {
  const AppendState* state;
  std::uint64_t past_rows;  // live before the run

  // Rows [16 * block, 16 * block + 16) of one head of a plane: [16, dim].
  std::byte* block(std::uint64_t block, std::uint32_t plane, std::uint64_t head) const {
    const std::uint64_t head_bytes = state->plane_bytes() / state->shape().head_count;
    return state->block(block).contents() + plane * state->plane_bytes() + head * head_bytes;
  }
};

// The first fault that kernels found in index data. Threads: report() any, the rest after the op.
class FaultReport {
 public:
  void report(std::string what) {
    const std::lock_guard lock(mutex_);
    if (what_.empty()) what_ = std::move(what);
  }
  // An index that is not in [0, limit).
  void report_index(std::int64_t index, std::uint64_t limit);

  const std::string& what() const { return what_; }  // empty if there is none
  void clear() { what_.clear(); }

 private:
  std::mutex mutex_;
  std::string what_;
};

// One op of one run.
struct Call {
  const Operand* tensors;
  std::span<const std::uint32_t> inputs, outputs;  // indices into tensors
  const ops::Attributes* attributes;
  const BoundState* states;  // [slots, sequences]
  std::size_t sequence_count;
  FaultReport* faults;

  const Operand& input(std::size_t i) const { return tensors[inputs[i]]; }
  const Operand& output(std::size_t i) const { return tensors[outputs[i]]; }
  // Attributes that the op's rule has found to be there, numbers rounded to f32.
  float number(ops::AttributeId id) const { return static_cast<float>(*attributes->number(id)); }
  std::int64_t integer(ops::AttributeId id) const { return *attributes->integer(id); }
  const BoundState& state(const Operand& plane, std::size_t sequence) const {
    return states[plane.slot * sequence_count + sequence];
  }
};

// How an op splits: `items` that can be done in any order by any thread, each about `item_cycles`
// long.
struct Work {
  std::uint64_t items;
  std::uint64_t item_cycles;
};

// Does items [begin, end).
using RunFunction = void (*)(const Call& call, std::uint64_t begin, std::uint64_t end);

struct Kernel {
  ops::OpNumber op;
  tensor::DType dtype;  // of the op's weights, table or state; f32 where there is none
  Work (*work)(const Call& call);
  PerIsa<RunFunction> run;
};

// The kernel of an op, or null if there is none.
const Kernel* find_kernel(ops::OpNumber op, tensor::DType dtype);

// A value that a guest may be changing: read once.
inline std::int32_t read_once(const std::int32_t* value) {
  return __atomic_load_n(value, __ATOMIC_RELAXED);
}

// Index data: the value at `index`, and 0 with a report where it is not below `limit`.
inline std::uint64_t read_index(const std::int32_t* index, std::uint64_t limit,
                                FaultReport& faults) {
  const std::int32_t value = read_once(index);
  if (value >= 0 && static_cast<std::uint64_t>(value) < limit)
    return static_cast<std::uint64_t>(value);
  faults.report_index(value, limit);
  return 0;
}

}  // namespace driftwood::device::cpu
