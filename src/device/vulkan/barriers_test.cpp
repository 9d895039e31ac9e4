#include "device/vulkan/barriers.h"

#include <gtest/gtest.h>

#include "device/test_support.h"

namespace driftwood::device::vulkan {
namespace {

using namespace testing;
using sdk::DType;

// By op of a program whose ops are done one by one.
std::vector<bool> barriers_of(const sdk::Program& program, std::vector<bool> uses_scratch = {}) {
  const auto decoded = decode(program);
  uses_scratch.resize(decoded->ops.size(), false);
  const graph::MemoryPlan plan(*decoded);
  Barriers barriers(*decoded, plan);
  std::vector<bool> waits;
  for (std::size_t i = 0; i < decoded->ops.size(); ++i) {
    const graph::Op& op = decoded->ops[i];
    waits.push_back(barriers.is_needed(op.inputs, op.outputs, uses_scratch[i]));
  }
  return waits;
}

TEST(Barriers, an_op_waits_for_what_it_reads) {
  sdk::Program program;
  const auto x = program.window(DType::f32, {4});
  const auto y = program.add(x, x);
  program.add(y, y);
  EXPECT_EQ(barriers_of(program), (std::vector<bool>{false, true}));
}

TEST(Barriers, ops_that_share_only_inputs_run_together) {
  sdk::Program program;
  const auto x = program.window(DType::f32, {4});
  const auto a = program.add(x, x), b = program.multiply(x, x), c = program.add(x, x);
  const auto d = program.add(a, b);
  program.add(d, c);
  EXPECT_EQ(barriers_of(program), (std::vector<bool>{false, false, false, true, true}));
}

TEST(Barriers, a_temporary_in_the_place_of_another_waits_for_its_readers) {
  sdk::Program program;
  const auto x = program.window(DType::f32, {4});
  const auto first_result = program.window(DType::f32, {4});
  const auto a = program.add(x, x);
  program.add(a, x, first_result);   // the last use of a
  const auto b = program.add(x, x);  // has a's place, which the op before it reads
  program.add(b, x);
  EXPECT_EQ(barriers_of(program), (std::vector<bool>{false, true, true, true}));
}

TEST(Barriers, attention_waits_for_the_rows_of_its_planes) {
  sdk::Program program;
  const sdk::Symbol row = program.symbol(16);
  const auto x = program.window(DType::f32, {row, 2, 8});
  const auto y = program.window(DType::f32, {row, 2, 8});
  const auto keys = program.state_plane(0, 0, DType::f32, 2, 8);
  const auto values = program.state_plane(0, 1, DType::f32, 2, 8);
  program.append_rows(x, keys);
  program.append_rows(x, values);
  program.attention(x, keys, values, 1, y);
  EXPECT_EQ(barriers_of(program), (std::vector<bool>{false, false, true}));
}

TEST(Barriers, ops_that_use_scratch_memory_run_one_after_the_other) {
  sdk::Program program;
  const auto x = program.window(DType::f32, {4});
  const auto a = program.window(DType::f32, {4}), b = program.window(DType::f32, {4});
  const auto c = program.window(DType::f32, {4});
  program.add(x, x, a);
  program.multiply(x, x, b);
  program.add(x, x, c);
  EXPECT_EQ(barriers_of(program, {true, false, true}), (std::vector<bool>{false, false, true}));
}

}  // namespace
}  // namespace driftwood::device::vulkan
