// Ops with their operands and attributes.
#include <bit>
#include <cmath>

#include "core/arithmetic.h"
#include "graph/byte_reader.h"
#include "graph/program_records.h"

namespace driftwood::graph {
namespace {

struct OpRecord {
  std::uint32_t number;
  std::uint16_t input_count, output_count, attribute_count;
  std::uint64_t zero;
};

OpRecord read_record(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  OpRecord record;
  record.number = reader.u32();
  record.input_count = reader.u16();
  record.output_count = reader.u16();
  record.attribute_count = reader.u16();
  const std::uint32_t low = reader.u16();
  record.zero = low | std::uint64_t{reader.u32()} << 16;
  return record;
}

// Hands out the operands and attributes of one op after the other.
struct Cursor {
  const ProgramTables& tables;
  std::size_t operands_taken = 0;
  std::size_t attributes_taken = 0;
};

Result<std::vector<std::uint32_t>> take_operands(Cursor& cursor, std::size_t count,
                                                 std::size_t tensor_count) {
  const Table& table = cursor.tables.operands;
  if (!range_fits(cursor.operands_taken, count, table.count())) {
    return fail(ErrorCode::invalid_argument, "it takes {} operands; {} of the program's are left.",
                count, table.count() - cursor.operands_taken);
  }
  std::vector<std::uint32_t> operands;
  operands.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t index = ByteReader(table.record(cursor.operands_taken++)).u32();
    if (index >= tensor_count) {
      return fail(ErrorCode::invalid_argument, "it names tensor {}; there are {}.", index,
                  tensor_count);
    }
    operands.push_back(index);
  }
  return operands;
}

Result<ops::Attribute> read_attribute(std::span<const std::byte> bytes) {
  enum : std::uint32_t { kInteger = 0, kNumber = 1 };
  ByteReader reader(bytes);
  const std::uint32_t id = reader.u32(), kind = reader.u32();
  const std::uint64_t bits = reader.u64();
  if (kind == kInteger) {
    return ops::Attribute{static_cast<ops::AttributeId>(id), static_cast<std::int64_t>(bits)};
  }
  if (kind != kNumber) {
    return fail(ErrorCode::invalid_argument, "attribute {} is of kind {}; 0 or 1 is expected.", id,
                kind);
  }
  const double value = std::bit_cast<double>(bits);
  if (!std::isfinite(value)) {
    return fail(ErrorCode::invalid_argument, "attribute {} is not a finite number.", id);
  }
  return ops::Attribute{static_cast<ops::AttributeId>(id), value};
}

Result<ops::Attributes> take_attributes(Cursor& cursor, std::size_t count) {
  const Table& table = cursor.tables.attributes;
  if (!range_fits(cursor.attributes_taken, count, table.count())) {
    return fail(ErrorCode::invalid_argument,
                "it takes {} attributes; {} of the program's are left.", count,
                table.count() - cursor.attributes_taken);
  }
  std::vector<ops::Attribute> attributes;
  attributes.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    DW_TRY_ASSIGN(auto attribute, read_attribute(table.record(cursor.attributes_taken++)));
    attributes.push_back(std::move(attribute));
  }
  return ops::Attributes(std::move(attributes));
}

std::vector<ops::Operand> operands_of(const Program& program,
                                      std::span<const std::uint32_t> indices) {
  std::vector<ops::Operand> operands;
  operands.reserve(indices.size());
  for (const std::uint32_t index : indices) operands.push_back(program.tensors[index]);
  return operands;
}

Result<Op> read_op(Cursor& cursor, const OpRecord& record, const ops::OpDefinition& definition,
                   const Program& program) {
  if (record.zero != 0) {
    return fail(ErrorCode::invalid_argument, "its reserved fields are not 0.");
  }
  const std::size_t tensor_count = program.tensors.size();
  Op op;
  op.definition = &definition;
  DW_TRY_ASSIGN(op.inputs, take_operands(cursor, record.input_count, tensor_count));
  DW_TRY_ASSIGN(op.outputs, take_operands(cursor, record.output_count, tensor_count));
  DW_TRY_ASSIGN(op.attributes, take_attributes(cursor, record.attribute_count));
  DW_TRY(definition.check(operands_of(program, op.inputs), operands_of(program, op.outputs),
                          op.attributes));
  return op;
}

}  // namespace

std::string op_context(std::size_t index, const ops::OpDefinition& definition) {
  return fmt::format("Op {} ({})", index, definition.name);
}

Result<void> read_ops(const ProgramTables& tables, Program& program) {
  program.ops.reserve(tables.ops.count());
  Cursor cursor{tables};
  for (std::size_t i = 0; i < tables.ops.count(); ++i) {
    const OpRecord record = read_record(tables.ops.record(i));
    const ops::OpDefinition* definition = ops::find_op(record.number);
    if (!definition) {
      return fail(ErrorCode::invalid_argument, "Op {}: there is no op of number {}.", i,
                  record.number);
    }
    auto op = read_op(cursor, record, *definition, program);
    if (!op) return pass_on(op, op_context(i, *definition));
    program.ops.push_back(std::move(*op));
  }
  if (cursor.operands_taken != tables.operands.count() ||
      cursor.attributes_taken != tables.attributes.count()) {
    return fail(ErrorCode::invalid_argument,
                "The program's ops use {} of {} operands and {} of {} attributes.",
                cursor.operands_taken, tables.operands.count(), cursor.attributes_taken,
                tables.attributes.count());
  }
  return {};
}

}  // namespace driftwood::graph
