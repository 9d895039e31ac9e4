#include "graph/program.h"

#include <gtest/gtest.h>

#include "graph/test_support.h"

namespace driftwood::graph::testing {
namespace {

// The encoding of docs/program.md, version 1, as it has to stay readable: rms_norm over a window.
const Bytes kGolden = {
    // clang-format off
    0x44, 0x57, 0x50, 0x47, 0x01, 0x00, 0x00, 0x00, 0x40, 0x00, 0x00, 0x00, 0x3f, 0x01, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x0b, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x08, 0x00, 0x40, 0x00, 0x10, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x40, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x40, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
    0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x0b, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x40, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x02, 0x00, 0x01, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0xd0, 0x3f, 0x6e, 0x6f, 0x72, 0x6d, 0x2e, 0x77, 0x65, 0x69, 0x67, 0x68, 0x74
    // clang-format on
};

sdk::Program golden_program() {
  sdk::Program program;
  const sdk::Symbol rows = program.symbol(512);
  const auto x = program.window(sdk::DType::f32, {rows, 64});
  const auto y = program.window(sdk::DType::f32, {rows, 64});
  program.rms_norm(x, program.weight("norm.weight", sdk::DType::bf16, {64}), 0.25, y);
  return program;
}

TEST(Program, golden_bytes_are_what_the_recorder_writes) {
  EXPECT_EQ(golden_program().encode(), kGolden);
}

TEST(Program, golden_bytes_decode) {
  const auto decoded = decode(kGolden);
  ASSERT_TRUE(decoded) << decoded.error().message();
  const Program& program = **decoded;
  EXPECT_EQ(program.symbol_maxima, (std::vector<std::uint32_t>{512}));
  ASSERT_EQ(program.tensors.size(), 3u);
  EXPECT_EQ(program.tensors[1].dtype, tensor::DType::f32);
  EXPECT_EQ(program.tensors[1].place, ops::Place::window);
  EXPECT_EQ(program.tensors[1].slot, 1u);
  EXPECT_EQ(tensor::to_string(program.tensors[1].shape), "[T0, 64]");
  EXPECT_EQ(program.tensors[2].weight_name, "norm.weight");
  EXPECT_EQ(program.tensors[2].dtype, tensor::DType::bf16);
  ASSERT_EQ(program.ops.size(), 1u);
  EXPECT_EQ(program.ops[0].definition->name, "rms_norm");
  EXPECT_EQ(program.ops[0].inputs, (std::vector<std::uint32_t>{0, 2}));
  EXPECT_EQ(program.ops[0].outputs, (std::vector<std::uint32_t>{1}));
  EXPECT_EQ(*program.ops[0].attributes.number(ops::AttributeId::epsilon), 0.25);
  ASSERT_EQ(program.windows.size(), 2u);
  EXPECT_FALSE(program.windows[0].written);
  EXPECT_TRUE(program.windows[1].written);
  EXPECT_EQ(program.windows[1].tensor, 1u);
  EXPECT_TRUE(program.states.empty());
  EXPECT_EQ(program.symbol_is_rows, (std::vector<bool>{true}));
}

TEST(Program, a_decoder_decodes) {
  const auto decoded = decode(small_decoder().encode());
  ASSERT_TRUE(decoded) << decoded.error().message();
  const Program& program = **decoded;
  EXPECT_EQ(program.ops.size(), 7u);
  ASSERT_EQ(program.states.size(), 1u);
  EXPECT_EQ(program.states[0].dtype, tensor::DType::bf16);
  EXPECT_EQ(program.states[0].plane_count, 2u);
  EXPECT_EQ(program.states[0].head_count, 1u);
  EXPECT_EQ(program.states[0].head_dim, 4u);
  EXPECT_EQ(program.states[0].row_dim, (tensor::Dim{1, 0}));
}

TEST(Program, equal_bytes_have_equal_hashes_and_are_kept) {
  const auto one = decode(kGolden), two = decode(kGolden);
  const auto other = decode(small_decoder().encode());
  ASSERT_TRUE(one && two && other);
  EXPECT_EQ((*one)->hash, (*two)->hash);
  EXPECT_NE((*one)->hash, (*other)->hash);
  EXPECT_EQ((*one)->encoded, (*two)->encoded);
  EXPECT_EQ((*one)->encoded.size(), kGolden.size());
}

TEST(Program, tensor_bytes_follow_the_symbols) {
  const auto program = decode(kGolden);
  ASSERT_TRUE(program);
  const std::uint32_t three[] = {3}, none[] = {0};
  EXPECT_EQ((*program)->tensor_bytes(0, three), 3u * 64 * 4);
  EXPECT_EQ((*program)->tensor_bytes(0, none), 0u);
  EXPECT_EQ((*program)->tensor_bytes(2, three), 64u * 2);
}

TEST(Program, refuses_every_truncation) {
  const Bytes whole = small_decoder().encode();
  ASSERT_EQ(whole.size(), kEnd);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    ASSERT_NE(refusal(cut), "") << size;
    if (size < 16) continue;
    put_u32(cut, 12, static_cast<std::uint32_t>(size));  // total_bytes agrees, the tables do not
    ASSERT_NE(refusal(cut), "") << size;
  }
}

TEST(Program, refuses_bytes_after_the_end) {
  Bytes bytes = small_decoder().encode();
  bytes.push_back(0);
  EXPECT_EQ(refusal(bytes), "The program header's total_bytes is 1297; 1298 is expected.");
  put_u32(bytes, 12, kEnd + 1);
  EXPECT_EQ(refusal(bytes), "The program's tables take 1297 bytes; its total_bytes is 1298.");
}

// What any program that was taken has to keep, however it came about.
void expect_sound(const Program& program) {
  for (std::uint32_t i = 0; i < program.tensors.size(); ++i) {
    EXPECT_LE(program.tensor_bytes(i, program.symbol_maxima), ProgramLimits::kTensorBytes);
  }
  for (const Op& op : program.ops) {
    for (const std::uint32_t operand : op.inputs) EXPECT_LT(operand, program.tensors.size());
    for (const std::uint32_t operand : op.outputs) EXPECT_LT(operand, program.tensors.size());
  }
  for (std::uint32_t slot = 0; slot < program.windows.size(); ++slot) {
    EXPECT_EQ(program.tensors[program.windows[slot].tensor].slot, slot);
  }
}

// How many programs with one byte of `whole` changed are taken; each of them is sound.
std::size_t count_taken(const Bytes& whole, const std::vector<std::uint8_t>& changes) {
  std::size_t taken_count = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const std::uint8_t change : changes) {
      Bytes bytes = whole;
      bytes[i] ^= change;
      const auto program = decode(bytes);
      if (program) {
        ++taken_count;
        expect_sound(**program);
      } else {
        EXPECT_FALSE(program.error().message().empty());
      }
    }
  }
  return taken_count;
}

TEST(Program, every_corrupted_byte_is_refused_or_gives_a_sound_program) {
  std::vector<std::uint8_t> every_change;
  for (int change = 1; change < 256; ++change) {
    every_change.push_back(static_cast<std::uint8_t>(change));
  }
  EXPECT_GT(count_taken(kGolden, every_change), 0u);  // another weight name, for one
  EXPECT_GT(count_taken(small_decoder().encode(), {1, 2, 4, 8, 16, 32, 64, 128, 255}), 0u);
}

TEST(Program, every_field_at_its_borders_is_refused_or_gives_a_sound_program) {
  const Bytes whole = small_decoder().encode();
  for (std::size_t at = 0; at + 4 <= whole.size(); at += 2) {
    for (const std::uint32_t value : {0u, 1u, 0x7fffffffu, 0x80000000u, 0xfffffffeu, 0xffffffffu}) {
      Bytes bytes = whole;
      put_u32(bytes, at, value);
      if (const auto program = decode(bytes)) expect_sound(**program);
    }
  }
}

}  // namespace
}  // namespace driftwood::graph::testing
