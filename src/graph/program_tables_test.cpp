#include "graph/program_tables.h"

#include <gtest/gtest.h>

#include "graph/test_support.h"

namespace driftwood::graph::testing {
namespace {

// The refusal after one header field was set.
std::string with_field(std::size_t offset, std::uint32_t value, std::size_t size = 4) {
  Bytes bytes = small_decoder().encode();
  put(bytes, offset, value, size);
  return refusal(bytes);
}

TEST(ProgramTables, refuses_what_is_shorter_than_a_header) {
  EXPECT_EQ(refusal(Bytes{}), "The program has 0 bytes; its header alone has 64.");
  EXPECT_EQ(refusal(Bytes(63)), "The program has 63 bytes; its header alone has 64.");
}

TEST(ProgramTables, refuses_more_bytes_than_allowed) {
  const auto program = decode(Bytes(ProgramLimits::kBytes + 1));
  ASSERT_FALSE(program);
  EXPECT_EQ(program.error().code(), ErrorCode::limit);
  EXPECT_EQ(program.error().message(),
            "The program has 4194305 bytes; at most 4194304 are allowed.");
}

TEST(ProgramTables, takes_an_empty_program) {
  EXPECT_EQ(refusal(sdk::Program()), "");
}

TEST(ProgramTables, refuses_another_magic) {
  EXPECT_EQ(with_field(0, 0x47505745), "The program does not begin with DWPG.");
}

TEST(ProgramTables, refuses_other_versions) {
  for (const std::uint32_t version : {0u, 2u, 0xffffffffu}) {
    EXPECT_EQ(with_field(4, version),
              "The program header's version is " + std::to_string(version) + "; 1 is expected.");
  }
}

TEST(ProgramTables, refuses_another_header_size) {
  EXPECT_EQ(with_field(8, 63), "The program header's header_bytes is 63; 64 is expected.");
  EXPECT_EQ(with_field(8, 0), "The program header's header_bytes is 0; 64 is expected.");
}

TEST(ProgramTables, refuses_another_total) {
  for (const std::uint32_t total : {0u, 1u, 1296u, 1298u, 0xffffffffu}) {
    EXPECT_EQ(with_field(12, total), "The program header's total_bytes is " +
                                         std::to_string(total) + "; 1297 is expected.");
  }
}

struct CountField {
  std::size_t offset;
  std::string name;
  std::uint32_t most;
};

TEST(ProgramTables, refuses_counts_over_their_limit) {
  const CountField fields[] = {{16, "symbol_count", 8},       {20, "tensor_count", 65536},
                               {24, "op_count", 16384},       {40, "window_slot_count", 256},
                               {44, "state_slot_count", 256}, {56, "register_slot_count", 256}};
  for (const CountField& field : fields) {
    for (const std::uint32_t value : {field.most + 1, 0xffffffffu}) {
      EXPECT_EQ(with_field(field.offset, value), "The program header's " + field.name + " is " +
                                                     std::to_string(value) + "; at most " +
                                                     std::to_string(field.most) + " is allowed.");
    }
    // At the limit another rule answers.
    EXPECT_EQ(with_field(field.offset, field.most).find("at most"), std::string::npos);
    EXPECT_NE(with_field(field.offset, field.most), "");
  }
}

TEST(ProgramTables, refuses_tables_that_do_not_fill_the_bytes) {
  for (const std::size_t offset : {16u, 20u, 24u, 28u, 32u, 36u}) {
    EXPECT_NE(with_field(offset, 0).find("its total_bytes is 1297."), std::string::npos) << offset;
  }
  // Sums that would wrap in 32 bits do not.
  EXPECT_EQ(with_field(28, 0xffffffff),
            "The program's tables take 17179870385 bytes; its total_bytes is 1297.");
  EXPECT_EQ(with_field(32, 0xffffffff),
            "The program's tables take 68719477969 bytes; its total_bytes is 1297.");
  EXPECT_EQ(with_field(36, 0xffffffff),
            "The program's tables take 4294968579 bytes; its total_bytes is 1297.");
}

TEST(ProgramTables, refuses_other_record_sizes) {
  EXPECT_EQ(with_field(48, 9, 2), "The program header's symbol_record_bytes is 9; 8 is expected.");
  EXPECT_EQ(with_field(50, 0, 2), "The program header's tensor_record_bytes is 0; 64 is expected.");
  EXPECT_EQ(with_field(52, 65535, 2),
            "The program header's op_record_bytes is 65535; 16 is expected.");
  EXPECT_EQ(with_field(54, 15, 2),
            "The program header's attribute_record_bytes is 15; 16 is expected.");
}

TEST(ProgramTables, refuses_bytes_in_the_reserved_field) {
  EXPECT_EQ(with_field(60, 1), "The program header's last field is 1; 0 is expected.");
}

}  // namespace
}  // namespace driftwood::graph::testing
