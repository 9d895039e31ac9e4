// rows [rows, trailing D] = table [count, D] at ids [rows]
#include "ops/definitions.h"
#include "ops/index.h"
#include "ops/rules.h"
#include "tensor/convert.h"

namespace driftwood::ops {
namespace {

using tensor::DType;

Result<void> check(std::span<const Operand> inputs, std::span<const Operand> outputs,
                   const Attributes& attributes) {
  DW_TRY(expect_counts(inputs, 2, outputs, 1));
  DW_TRY(expect_attributes(attributes, {}));
  const Subject table = input(inputs, 0), ids = input(inputs, 1), rows = output(outputs, 0);
  DW_TRY(expect_place(table, {Place::weight, Place::window}));
  DW_TRY(expect_float(table));
  DW_TRY(expect_rank(table, 2));
  DW_TRY(expect_constant(table, 1));
  DW_TRY(expect_activation(ids, DType::i32, 1));
  return expect_trailing(rows, ids.shape()[0], table.shape()[1].factor);
}

Result<void> reference(const ReferenceCall& call) {
  const tensor::View &table = call.inputs[0], &ids = call.inputs[1];
  const tensor::MutableView& rows = call.outputs[0];
  const std::uint64_t count = table.shape[0], width = table.shape[1];
  for (std::uint64_t r = 0; r < ids.shape[0]; ++r) {
    DW_TRY_ASSIGN(const std::uint64_t id, index_at(ids, r, count));
    for (std::uint64_t d = 0; d < width; ++d) {
      store_float(rows.dtype, rows.bytes, r * width + d,
                  load_float(table.dtype, table.bytes, id * width + d));
    }
  }
  return {};
}

}  // namespace

constinit const OpDefinition kGatherRows = {OpNumber::gather_rows, "gather_rows", check, reference};

}  // namespace driftwood::ops
