#include "graph/program.h"

#include "core/checksum.h"
#include "graph/program_flow.h"
#include "graph/program_records.h"
#include "graph/program_tables.h"
#include "tensor/dtype.h"

namespace driftwood::graph {
std::uint64_t Program::tensor_bytes(std::uint32_t tensor,
                                    std::span<const std::uint32_t> symbols) const {
  std::uint64_t bytes = tensor::size_bytes(tensors[tensor].dtype);
  for (const tensor::Dim& dim : tensors[tensor].shape.span()) bytes *= dim.value(symbols);
  return bytes;
}

Result<std::shared_ptr<const Program>> decode_program(std::span<const std::byte> bytes) {
  DW_TRY_ASSIGN(const ProgramTables tables, split_program(bytes));
  auto program = std::make_shared<Program>();
  DW_TRY(read_symbols(tables, *program));
  DW_TRY(read_tensors(tables, *program));
  DW_TRY(read_ops(tables, *program));
  DW_TRY(check_flow(tables, *program));
  program->encoded.assign(bytes.begin(), bytes.end());
  program->hash = xxh3(bytes);
  return program;
}

}  // namespace driftwood::graph
