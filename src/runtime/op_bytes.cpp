#include "runtime/op_bytes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace driftwood {
namespace {

using ops::OpNumber, ops::Place;

double constant_bytes(const graph::Tensor& tensor) {
  double bytes = tensor::size_bytes(tensor.dtype);
  for (const tensor::Dim& dim : tensor.shape.span()) bytes *= dim.factor;
  return bytes;
}

}  // namespace

double op_bytes(const graph::Program& program, std::uint32_t op, std::uint32_t past_rows) {
  const graph::Op& known = program.ops[op];
  double bytes = 0;
  for (const std::uint32_t input : known.inputs) {
    const graph::Tensor& tensor = program.tensors[input];
    if (tensor.place == Place::weight) {
      // A table is read where the ids point.
      const bool is_table = known.definition->number == OpNumber::gather_rows;
      bytes += constant_bytes(tensor) / (is_table ? tensor.shape[0].factor : 1);
    } else if (tensor.place == Place::state) {
      bytes += constant_bytes(tensor) * (past_rows + 1);
    }
  }
  return bytes;
}

double run_bytes(const graph::Program& program, std::uint32_t past_rows) {
  double bytes = 0;
  for (std::uint32_t op = 0; op < program.ops.size(); ++op) {
    bytes += op_bytes(program, op, past_rows);
  }
  return bytes;
}

double cache_bytes(const graph::Program& program, std::uint32_t past_rows) {
  double bytes = 0;
  for (const graph::Op& op : program.ops) {
    for (const std::uint32_t input : op.inputs) {
      const graph::Tensor& tensor = program.tensors[input];
      if (tensor.place == Place::state) bytes += constant_bytes(tensor) * (past_rows + 1);
    }
  }
  return bytes;
}

double linear_flops(const graph::Program& program, std::span<const std::uint32_t> symbols) {
  double flops = 0;
  for (const graph::Op& op : program.ops) {
    if (op.definition->number != OpNumber::linear) continue;
    const auto rows = static_cast<double>(program.tensors[op.inputs[0]].shape[0].value(symbols));
    for (std::size_t i = 1; i < op.inputs.size(); ++i) {
      const graph::Tensor& weight = program.tensors[op.inputs[i]];
      flops += 2 * rows * weight.shape[0].factor * weight.shape[1].factor;
    }
  }
  return flops;
}

std::string op_label(const graph::Program& program, std::uint32_t op) {
  const graph::Op& known = program.ops[op];
  std::string label(known.definition->name);
  for (const std::uint32_t input : known.inputs) {
    const graph::Tensor& tensor = program.tensors[input];
    if (tensor.place != Place::weight) continue;
    for (std::uint32_t d = 0; d < tensor.shape.rank; ++d) {
      label += fmt::format("{}{}", d == 0 ? " " : " x ", tensor.shape[d].factor);
    }
    return label + " " + std::string(tensor::name(tensor.dtype));
  }
  return label;
}

}  // namespace driftwood
