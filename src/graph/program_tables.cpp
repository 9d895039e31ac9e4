#include "graph/program_tables.h"

#include <string_view>

#include "graph/byte_reader.h"
#include "graph/program.h"

namespace driftwood::graph {
namespace {

constexpr std::uint32_t kMagic = 'D' | 'W' << 8 | 'P' << 16 | 'G' << 24;
constexpr std::uint32_t kVersion = 1;

struct Header {
  std::uint32_t magic, version, header_bytes, total_bytes;
  std::uint32_t symbol_count, tensor_count, op_count, operand_count, attribute_count, name_bytes;
  std::uint32_t window_slot_count, state_slot_count;
  std::uint16_t symbol_record_bytes, tensor_record_bytes, op_record_bytes, attribute_record_bytes;
  std::uint32_t register_slot_count, zero;
};

Header read_header(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  // Braces evaluate from left to right, which is the order of the fields.
  return Header{reader.u32(), reader.u32(), reader.u32(), reader.u32(), reader.u32(), reader.u32(),
                reader.u32(), reader.u32(), reader.u32(), reader.u32(), reader.u32(), reader.u32(),
                reader.u16(), reader.u16(), reader.u16(), reader.u16(), reader.u32(), reader.u32()};
}

Result<void> expect_value(std::string_view field, std::uint64_t value, std::uint64_t expected) {
  if (value == expected) return {};
  return fail(ErrorCode::invalid_argument, "The program header's {} is {}; {} is expected.", field,
              value, expected);
}

Result<void> expect_at_most(std::string_view field, std::uint64_t value, std::uint64_t most) {
  if (value <= most) return {};
  return fail(ErrorCode::limit, "The program header's {} is {}; at most {} is allowed.", field,
              value, most);
}

Result<void> check_header(const Header& header, std::uint64_t actual_bytes) {
  if (header.magic != kMagic) {
    return fail(ErrorCode::invalid_argument, "The program does not begin with DWPG.");
  }
  DW_TRY(expect_value("version", header.version, kVersion));
  DW_TRY(expect_value("header_bytes", header.header_bytes, kHeaderBytes));
  DW_TRY(expect_value("total_bytes", header.total_bytes, actual_bytes));
  DW_TRY(expect_at_most("symbol_count", header.symbol_count, ProgramLimits::kSymbols));
  DW_TRY(expect_at_most("tensor_count", header.tensor_count, ProgramLimits::kTensors));
  DW_TRY(expect_at_most("op_count", header.op_count, ProgramLimits::kOps));
  DW_TRY(expect_at_most("window_slot_count", header.window_slot_count, ProgramLimits::kSlots));
  DW_TRY(expect_at_most("state_slot_count", header.state_slot_count, ProgramLimits::kSlots));
  DW_TRY(expect_at_most("register_slot_count", header.register_slot_count, ProgramLimits::kSlots));
  DW_TRY(expect_value("symbol_record_bytes", header.symbol_record_bytes, kSymbolBytes));
  DW_TRY(expect_value("tensor_record_bytes", header.tensor_record_bytes, kTensorBytes));
  DW_TRY(expect_value("op_record_bytes", header.op_record_bytes, kOpBytes));
  DW_TRY(expect_value("attribute_record_bytes", header.attribute_record_bytes, kAttributeBytes));
  DW_TRY(expect_value("last field", header.zero, 0));

  // Counts are of 32 bits and records of at most 64 bytes, so that this sum fits.
  const std::uint64_t table_bytes =
      kHeaderBytes + std::uint64_t{header.symbol_count} * kSymbolBytes +
      std::uint64_t{header.tensor_count} * kTensorBytes +
      std::uint64_t{header.op_count} * kOpBytes +
      std::uint64_t{header.operand_count} * kOperandBytes +
      std::uint64_t{header.attribute_count} * kAttributeBytes + header.name_bytes;
  if (table_bytes == header.total_bytes) return {};
  return fail(ErrorCode::invalid_argument,
              "The program's tables take {} bytes; its total_bytes is {}.", table_bytes,
              header.total_bytes);
}

}  // namespace

Result<ProgramTables> split_program(std::span<const std::byte> bytes) {
  if (bytes.size() < kHeaderBytes) {
    return fail(ErrorCode::invalid_argument, "The program has {} bytes; its header alone has {}.",
                bytes.size(), kHeaderBytes);
  }
  if (bytes.size() > ProgramLimits::kBytes) {
    return fail(ErrorCode::limit, "The program has {} bytes; at most {} are allowed.", bytes.size(),
                ProgramLimits::kBytes);
  }
  const Header header = read_header(bytes.first(kHeaderBytes));
  DW_TRY(check_header(header, bytes.size()));

  std::span<const std::byte> rest = bytes.subspan(kHeaderBytes);
  const auto take = [&rest](std::size_t count, std::size_t record_bytes) {
    const Table table{rest.first(count * record_bytes), record_bytes};
    rest = rest.subspan(table.bytes.size());
    return table;
  };
  ProgramTables tables;
  tables.symbols = take(header.symbol_count, kSymbolBytes);
  tables.tensors = take(header.tensor_count, kTensorBytes);
  tables.ops = take(header.op_count, kOpBytes);
  tables.operands = take(header.operand_count, kOperandBytes);
  tables.attributes = take(header.attribute_count, kAttributeBytes);
  tables.names = rest;
  tables.window_slot_count = header.window_slot_count;
  tables.state_slot_count = header.state_slot_count;
  tables.register_slot_count = header.register_slot_count;
  return tables;
}

}  // namespace driftwood::graph
