#include "graph/memory_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "graph/test_support.h"

namespace driftwood::graph::testing {
namespace {

using sdk::DType;

std::vector<std::uint64_t> sizes_at(const Program& program,
                                    std::span<const std::uint32_t> symbols) {
  std::vector<std::uint64_t> sizes;
  for (std::uint32_t i = 0; i < program.tensors.size(); ++i) {
    sizes.push_back(program.tensor_bytes(i, symbols));
  }
  return sizes;
}

// A chain and a fan of adds over temporaries of several sizes, one of them symbolic.
sdk::Program random_program(std::mt19937_64& random) {
  sdk::Program program;
  const sdk::Symbol rows = program.symbol(16);
  const sdk::Dim shapes[] = {sdk::Dim(rows), sdk::Dim(1), sdk::Dim(100), 3 * rows};
  std::vector<std::vector<sdk::Tensor>> known;
  for (const sdk::Dim& shape : shapes) known.push_back({program.window(DType::f32, {shape})});
  const auto op_count = 1 + random() % 40;
  for (std::uint64_t i = 0; i < op_count; ++i) {
    std::vector<sdk::Tensor>& same_shape = known[random() % known.size()];
    const sdk::Tensor a = same_shape[random() % same_shape.size()];
    const sdk::Tensor b = same_shape[random() % same_shape.size()];
    same_shape.push_back(program.add(a, b));
  }
  return program;
}

// Whether a temporary's bytes are in use while this op runs.
bool is_live(const Program& program, std::uint32_t tensor, std::size_t at) {
  std::size_t first = program.ops.size(), last = 0;
  for (std::size_t i = 0; i < program.ops.size(); ++i) {
    const auto uses = [tensor](const std::vector<std::uint32_t>& operands) {
      return std::ranges::find(operands, tensor) != operands.end();
    };
    if (!uses(program.ops[i].inputs) && !uses(program.ops[i].outputs)) continue;
    first = std::min(first, i);
    last = i;
  }
  return first <= at && at <= last;
}

void expect_no_overlap(const Program& program, const std::vector<std::uint64_t>& sizes,
                       const MemoryPlan::Layout& layout) {
  for (std::size_t op = 0; op < program.ops.size(); ++op) {
    std::vector<std::uint32_t> live;
    for (std::uint32_t i = 0; i < program.tensors.size(); ++i) {
      const bool is_temporary = program.tensors[i].place == ops::Place::temporary;
      if (is_temporary && is_live(program, i, op)) live.push_back(i);
    }
    for (const std::uint32_t a : live) {
      ASSERT_EQ(layout.offset_bytes[a] % MemoryPlan::kAlignmentBytes, 0u);
      ASSERT_LE(layout.offset_bytes[a] + sizes[a], layout.arena_bytes);
      for (const std::uint32_t b : live) {
        if (a == b || sizes[a] == 0 || sizes[b] == 0) continue;
        ASSERT_TRUE(layout.offset_bytes[a] + sizes[a] <= layout.offset_bytes[b] ||
                    layout.offset_bytes[b] + sizes[b] <= layout.offset_bytes[a])
            << "tensors " << a << " and " << b << " while op " << op << " runs";
      }
    }
  }
}

TEST(MemoryPlan, no_two_live_temporaries_overlap) {
  const std::uint64_t seed = std::random_device()();
  std::mt19937_64 random(seed);
  MemoryPlan::Layout layout;
  for (int i = 0; i < 60; ++i) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", program " + std::to_string(i));
    const auto program = decode(random_program(random).encode());
    ASSERT_TRUE(program) << program.error().message();
    const MemoryPlan plan(**program);
    for (const std::uint32_t rows : {0u, 1u, 7u, 16u}) {
      const std::uint32_t symbols[] = {rows};
      const auto sizes = sizes_at(**program, symbols);
      plan.lay_out(sizes, layout);
      expect_no_overlap(**program, sizes, layout);
    }
  }
}

TEST(MemoryPlan, a_chain_takes_two_slots) {
  sdk::Program program;
  auto x = program.window(DType::f32, {100});
  for (int i = 0; i < 10; ++i) x = program.add(x, x);
  const auto decoded = decode(program.encode());
  ASSERT_TRUE(decoded);
  const MemoryPlan plan(**decoded);
  EXPECT_EQ(plan.slot_count(), 2u);
  MemoryPlan::Layout layout;
  plan.lay_out(sizes_at(**decoded, {}), layout);
  EXPECT_EQ(layout.arena_bytes, 2u * 448);  // 400 bytes, rounded up to 64
}

TEST(MemoryPlan, an_output_never_lies_on_an_input_of_its_op) {
  sdk::Program program;
  const auto w = program.window(DType::f32, {16});
  const auto x = program.add(w, w);
  const auto y = program.add(x, x);  // x ends here
  const auto decoded = decode(program.encode());
  ASSERT_TRUE(decoded);
  MemoryPlan::Layout layout;
  MemoryPlan(**decoded).lay_out(sizes_at(**decoded, {}), layout);
  EXPECT_NE(layout.offset_bytes[x.index], layout.offset_bytes[y.index]);
}

TEST(MemoryPlan, a_temporary_that_nobody_reads_is_free_at_once) {
  sdk::Program program;
  const auto w = program.window(DType::f32, {16});
  for (int i = 0; i < 5; ++i) program.add(w, w);
  const auto decoded = decode(program.encode());
  ASSERT_TRUE(decoded);
  EXPECT_EQ(MemoryPlan(**decoded).slot_count(), 1u);
}

TEST(MemoryPlan, the_slot_that_fits_best_is_taken) {
  sdk::Program program;
  const auto small = program.window(DType::f32, {16}), large = program.window(DType::f32, {1000});
  const auto end = program.window(DType::f32, {16}), end_large = program.window(DType::f32, {1000});
  const auto a = program.add(small, small);
  const auto b = program.add(large, large);
  program.add(a, a, end);        // a's slot is free
  program.add(b, b, end_large);  // b's slot is free
  program.add(small, small);
  program.add(large, large);
  const auto decoded = decode(program.encode());
  ASSERT_TRUE(decoded);
  const MemoryPlan plan(**decoded);
  EXPECT_EQ(plan.slot_count(), 2u);
  MemoryPlan::Layout layout;
  plan.lay_out(sizes_at(**decoded, {}), layout);
  EXPECT_EQ(layout.arena_bytes, 64u + 4032);
}

TEST(MemoryPlan, windows_weights_and_states_take_no_room) {
  const auto decoded = decode(small_decoder().encode());
  ASSERT_TRUE(decoded);
  MemoryPlan::Layout layout;
  const std::uint32_t rows[] = {8};
  const auto sizes = sizes_at(**decoded, rows);
  MemoryPlan(**decoded).lay_out(sizes, layout);
  expect_no_overlap(**decoded, sizes, layout);
  for (const std::uint32_t i : {0u, 1u, 2u, 3u, 4u, 5u, 6u, 12u, 13u}) {
    EXPECT_EQ(layout.offset_bytes[i], 0u);
  }
}

TEST(MemoryPlan, of_an_empty_program_is_empty) {
  const auto decoded = decode(sdk::Program().encode());
  ASSERT_TRUE(decoded);
  MemoryPlan::Layout layout;
  const MemoryPlan plan(**decoded);
  plan.lay_out({}, layout);
  EXPECT_EQ(plan.slot_count(), 0u);
  EXPECT_EQ(layout.arena_bytes, 0u);
}

}  // namespace
}  // namespace driftwood::graph::testing
