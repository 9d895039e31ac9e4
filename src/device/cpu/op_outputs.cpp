#include "device/cpu/op_outputs.h"

namespace driftwood::device::cpu {
namespace {

using Pieces = std::vector<std::span<const std::byte>>;

Pieces rows_of(const Operand& operand, std::size_t sequence_count) {
  Pieces pieces;
  for (std::size_t s = 0; s < sequence_count; ++s) {
    pieces.emplace_back(operand.bases[s], operand.row_count(s) * operand.row_bytes);
  }
  return pieces;
}

// The rows that `rows` says were appended to a plane.
Pieces appended_rows(const Call& call, const Operand& plane, const RowMap& rows) {
  Pieces pieces;
  for (std::size_t s = 0; s < call.sequence_count; ++s) {
    const BoundState& state = call.state(plane, s);
    const AppendStateShape& shape = state.state->shape();
    const std::uint64_t row_bytes = shape.head_dim * tensor::size_bytes(shape.dtype);
    const std::uint64_t end = state.past_rows + rows.first[s + 1] - rows.first[s];
    for (std::uint64_t row = state.past_rows; row < end; ++row) {
      for (std::uint64_t head = 0; head < shape.head_count; ++head) {
        const std::byte* block = state.block(row / AppendState::kBlockRows, plane.plane, head);
        pieces.emplace_back(block + row % AppendState::kBlockRows * row_bytes, row_bytes);
      }
    }
  }
  return pieces;
}

}  // namespace

std::vector<Pieces> op_outputs(const graph::Program& program, const Call& call) {
  std::vector<Pieces> outputs;
  for (const std::uint32_t tensor : call.outputs) {
    const Operand& operand = call.tensors[tensor];
    const bool is_state = program.tensors[tensor].place == ops::Place::state;
    outputs.push_back(is_state ? appended_rows(call, operand, *call.input(0).rows)
                               : rows_of(operand, call.sequence_count));
  }
  return outputs;
}

}  // namespace driftwood::device::cpu
