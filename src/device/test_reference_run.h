// A whole program computed with the plain references of src/ops, for one sequence.
#pragma once

#include <vector>

#include "device/test_support.h"

namespace driftwood::device::testing {

// Planes of the states so far, dense: [slot][plane] as [rows, heads, dim].
using DenseStates = std::vector<std::vector<Bytes>>;

class ReferenceRun {
 public:
  ReferenceRun(const graph::Program& program, const WeightSource* weights, SequenceData& sequence,
               DenseStates& states, std::uint64_t past_rows)
      : program_(program), sequence_(sequence), states_(states), past_rows_(past_rows) {
    for (std::uint32_t i = 0; i < program.tensors.size(); ++i) {
      const graph::Tensor& tensor = program.tensors[i];
      if (tensor.place == ops::Place::temporary) {
        temporaries_[i].resize(program.tensor_bytes(i, sequence.symbols));
      } else if (tensor.place == ops::Place::weight) {
        weights_[i] = must(weights->find(tensor.weight_name));
      }
    }
    states_.resize(program.states.size());
    for (std::size_t slot = 0; slot < program.states.size(); ++slot) {
      const graph::StateSlot& state = program.states[slot];
      const std::uint64_t rows = past_rows + state.row_dim.value(sequence.symbols);
      states_[slot].resize(state.plane_count);
      for (Bytes& plane : states_[slot]) {
        plane.resize(rows * state.head_count * state.head_dim * tensor::size_bytes(state.dtype));
      }
    }
  }

  Result<void> run() {
    for (const graph::Op& op : program_.ops) DW_TRY(run_op(op));
    return {};
  }

 private:
  tensor::Shape shape(const graph::Tensor& tensor) const {
    tensor::Shape shape;
    for (const tensor::Dim& dim : tensor.shape.span())
      shape.push_back(dim.value(sequence_.symbols));
    return shape;
  }

  std::span<std::byte> bytes(std::uint32_t i) {
    const graph::Tensor& tensor = program_.tensors[i];
    if (tensor.place == ops::Place::window) return sequence_.windows[tensor.slot];
    return temporaries_[i];
  }

  void add_plane(const graph::Tensor& tensor, ops::ReferenceCall& call) {
    call.planes.push_back({tensor.dtype, tensor.shape[0].factor, tensor.shape[1].factor,
                           states_[tensor.slot][tensor.plane]});
  }

  Result<void> run_op(const graph::Op& op) {
    ops::ReferenceCall call;
    call.attributes = op.attributes;
    call.past_rows = past_rows_;
    for (const std::uint32_t i : op.inputs) {
      const graph::Tensor& tensor = program_.tensors[i];
      if (tensor.place == ops::Place::state) add_plane(tensor, call);
      if (tensor.place == ops::Place::weight) {
        call.inputs.push_back(weights_[i]);
      } else if (tensor.place == ops::Place::state) {
        call.inputs.push_back({tensor.dtype, shape(tensor), {}});
      } else {
        call.inputs.push_back({tensor.dtype, shape(tensor), bytes(i)});
      }
    }
    for (const std::uint32_t i : op.outputs) {
      const graph::Tensor& tensor = program_.tensors[i];
      if (tensor.place == ops::Place::state) {
        add_plane(tensor, call);
        call.outputs.push_back({tensor.dtype, shape(tensor), {}});
      } else {
        call.outputs.push_back({tensor.dtype, shape(tensor), bytes(i)});
      }
    }
    return op.definition->reference(call);
  }

  const graph::Program& program_;
  SequenceData& sequence_;
  DenseStates& states_;
  std::uint64_t past_rows_;
  std::map<std::uint32_t, Bytes> temporaries_;
  std::map<std::uint32_t, tensor::View> weights_;
};

}  // namespace driftwood::device::testing
