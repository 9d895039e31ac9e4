// Symbols and tensors.
#include <algorithm>
#include <optional>

#include "core/arithmetic.h"
#include "graph/byte_reader.h"
#include "graph/program_records.h"
#include "graph/utf8.h"

namespace driftwood::graph {
namespace {

using ops::Place;
using tensor::Dim;

// The fields of one tensor record as they stand there.
struct TensorRecord {
  std::uint32_t dtype, rank, place, slot, plane, name_offset, name_bytes, zero;
  std::array<Dim, tensor::SymbolicShape::kMostDims> dims;
};

TensorRecord read_record(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  // Braces evaluate from left to right, which is the order of the fields.
  TensorRecord record{reader.u32(), reader.u32(), reader.u32(),
                      reader.u32(), reader.u32(), reader.u32(),
                      reader.u32(), reader.u32(), {}};
  for (Dim& dim : record.dims) {
    dim.factor = reader.u32();
    dim.symbol = static_cast<std::int32_t>(reader.u32());
  }
  return record;
}

Result<tensor::SymbolicShape> read_shape(const TensorRecord& record, std::size_t symbol_count) {
  if (record.rank > tensor::SymbolicShape::kMostDims) {
    return fail(ErrorCode::invalid_argument, "its rank is {}; at most {} is allowed.", record.rank,
                tensor::SymbolicShape::kMostDims);
  }
  tensor::SymbolicShape shape;
  shape.rank = record.rank;
  for (std::uint32_t i = 0; i < record.dims.size(); ++i) {
    const Dim& dim = record.dims[i];
    if (i >= record.rank) {
      if (dim == Dim{0, 0}) continue;
      return fail(ErrorCode::invalid_argument,
                  "dimension {} lies beyond its rank ({}) and is not 0.", i, record.rank);
    }
    if (dim.factor == 0) {
      return fail(ErrorCode::invalid_argument, "dimension {} has factor 0; at least 1 is expected.",
                  i);
    }
    if (dim.symbol < Dim::kConstant || dim.symbol >= static_cast<std::int64_t>(symbol_count)) {
      return fail(ErrorCode::invalid_argument, "dimension {} names symbol {} of {}.", i, dim.symbol,
                  symbol_count);
    }
    shape.dims[i] = dim;
  }
  return shape;
}

// The bytes at the symbols' maxima, or nothing if they do not fit.
std::optional<std::uint64_t> most_bytes(const ops::Operand& operand,
                                        std::span<const std::uint32_t> symbol_maxima) {
  std::optional<std::uint64_t> bytes = tensor::size_bytes(operand.dtype);
  for (const Dim& dim : operand.shape.span()) {
    if (bytes) bytes = checked_multiply(*bytes, dim.value(symbol_maxima));
  }
  return bytes;
}

bool is_constant(const tensor::SymbolicShape& shape) {
  return std::ranges::all_of(shape.span(), &Dim::is_constant);
}

// How many slots there are of a place, and how many planes in each.
struct Counts {
  std::uint32_t slots, planes;
};

Counts counts_of(Place place, const ProgramTables& tables) {
  switch (place) {
    case Place::window:
      return {tables.window_slot_count, 1};
    case Place::state:
      return {tables.state_slot_count, ProgramLimits::kPlanes};
    case Place::register_state:
      return {tables.register_slot_count, 2};
    case Place::temporary:
    case Place::weight:
      break;
  }
  return {1, 1};
}

// What slot, plane and shape may be where the tensor lives.
Result<void> check_place(const TensorRecord& record, const Tensor& tensor,
                         const ProgramTables& tables) {
  const Counts counts = counts_of(tensor.place, tables);
  if (record.slot >= counts.slots) {
    return fail(ErrorCode::invalid_argument, "its slot is {}; it has to be below {}.", record.slot,
                counts.slots);
  }
  if (record.plane >= counts.planes) {
    return fail(ErrorCode::invalid_argument, "its plane is {}; it has to be below {}.",
                record.plane, counts.planes);
  }
  if (tensor.place == Place::weight && !is_constant(tensor.shape)) {
    return fail(ErrorCode::invalid_argument, "it is a weight of shape {}; that has to be constant.",
                tensor::to_string(tensor.shape));
  }
  if (tensor.place == Place::state && !(tensor.shape.rank == 2 && is_constant(tensor.shape))) {
    return fail(ErrorCode::invalid_argument,
                "it is a state plane of shape {}; a constant [heads, dim] is expected.",
                tensor::to_string(tensor.shape));
  }
  if (tensor.place == Place::register_state && !is_constant(tensor.shape)) {
    return fail(ErrorCode::invalid_argument,
                "it is a register of shape {}; that has to be constant.",
                tensor::to_string(tensor.shape));
  }
  return {};
}

Result<std::string> read_name(const TensorRecord& record, Place place,
                              std::span<const std::byte> names, std::uint32_t next_name_offset) {
  const std::uint32_t expected_offset = place == Place::weight ? next_name_offset : 0;
  if (record.name_offset != expected_offset) {
    return fail(ErrorCode::invalid_argument, "its name starts at {}; {} is expected.",
                record.name_offset, expected_offset);
  }
  if ((place == Place::weight) != (record.name_bytes != 0)) {
    return fail(ErrorCode::invalid_argument,
                "its name has {} bytes; weights have a name and other tensors none.",
                record.name_bytes);
  }
  if (!range_fits(record.name_offset, record.name_bytes, names.size())) {
    return fail(ErrorCode::invalid_argument, "its name ends at {}; the names end at {}.",
                std::uint64_t{record.name_offset} + record.name_bytes, names.size());
  }
  const auto bytes = names.subspan(record.name_offset, record.name_bytes);
  std::string name;
  name.reserve(bytes.size());
  for (const std::byte byte : bytes) name += std::to_integer<char>(byte);
  if (!is_utf8(name)) return fail(ErrorCode::invalid_argument, "its name is not valid UTF-8.");
  return name;
}

Result<Tensor> read_tensor(const ProgramTables& tables, std::size_t index,
                           std::span<const std::uint32_t> symbol_maxima,
                           std::uint32_t next_name_offset) {
  const TensorRecord record = read_record(tables.tensors.record(index));
  const std::optional<tensor::DType> dtype = tensor::dtype_from_number(record.dtype);
  if (!dtype) return fail(ErrorCode::invalid_argument, "its dtype is {}.", record.dtype);
  if (record.place > static_cast<std::uint32_t>(Place::register_state)) {
    return fail(ErrorCode::invalid_argument, "its place is {}; at most 4 is expected.",
                record.place);
  }
  if (record.zero != 0) {
    return fail(ErrorCode::invalid_argument, "its reserved field is {}; 0 is expected.",
                record.zero);
  }
  Tensor tensor;
  tensor.dtype = *dtype;
  tensor.place = static_cast<Place>(record.place);
  tensor.slot = record.slot;
  tensor.plane = record.plane;
  DW_TRY_ASSIGN(tensor.shape, read_shape(record, symbol_maxima.size()));
  DW_TRY(check_place(record, tensor, tables));
  DW_TRY_ASSIGN(tensor.weight_name,
                read_name(record, tensor.place, tables.names, next_name_offset));
  const std::optional<std::uint64_t> bytes = most_bytes(tensor, symbol_maxima);
  if (!bytes || *bytes > ProgramLimits::kTensorBytes) {
    return fail(ErrorCode::limit, "its shape {} has more than {} bytes at the symbols' maxima.",
                tensor::to_string(tensor.shape), ProgramLimits::kTensorBytes);
  }
  return tensor;
}

}  // namespace

Result<void> read_symbols(const ProgramTables& tables, Program& program) {
  for (std::size_t i = 0; i < tables.symbols.count(); ++i) {
    ByteReader reader(tables.symbols.record(i));
    const std::uint32_t maximum = reader.u32(), zero = reader.u32();
    if (maximum == 0) {
      return fail(ErrorCode::invalid_argument, "Symbol {} has maximum 0; at least 1 is expected.",
                  i);
    }
    if (zero != 0) {
      return fail(ErrorCode::invalid_argument,
                  "Symbol {}: its reserved field is {}; 0 is expected.", i, zero);
    }
    program.symbol_maxima.push_back(maximum);
  }
  return {};
}

Result<void> read_tensors(const ProgramTables& tables, Program& program) {
  program.tensors.reserve(tables.tensors.count());
  std::uint32_t name_bytes = 0;
  for (std::size_t i = 0; i < tables.tensors.count(); ++i) {
    auto tensor = read_tensor(tables, i, program.symbol_maxima, name_bytes);
    if (!tensor) return pass_on(tensor, fmt::format("Tensor {}", i));
    name_bytes += static_cast<std::uint32_t>(tensor->weight_name.size());
    program.tensors.push_back(std::move(*tensor));
  }
  if (name_bytes != tables.names.size()) {
    return fail(ErrorCode::invalid_argument,
                "The program's names have {} bytes; its tensors use {} of them.",
                tables.names.size(), name_bytes);
  }
  return {};
}

}  // namespace driftwood::graph
