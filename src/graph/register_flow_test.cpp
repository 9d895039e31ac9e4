#include "graph/register_flow.h"

#include <gtest/gtest.h>

#include "graph/test_support.h"

namespace driftwood::graph::testing {
namespace {

using sdk::DType;

// A window [2, 4] to read and a register of that shape.
struct Recorder {
  sdk::Program program;
  sdk::Tensor x = program.window(DType::f32, {2, 4});
  sdk::RegisterTensors state = program.state_register(DType::f32, {2, 4});
};

// Sets a field of a tensor's record in an encoding that has no symbols.
void put_tensor_field(Bytes& bytes, sdk::Tensor tensor, std::size_t offset, std::uint32_t value) {
  put_u32(bytes, 64 + tensor.index * 64 + offset, value);
}

TEST(RegisterFlow, finds_dtype_and_shape_of_each_slot) {
  Recorder r;
  r.program.add(r.x, r.state.before, r.state.after);
  const auto other = r.program.state_register(DType::f32, {3});
  r.program.add(other.before, other.before, other.after);
  const auto program = decode(r.program.encode());
  ASSERT_TRUE(program) << program.error().message();
  ASSERT_EQ((*program)->registers.size(), 2u);
  EXPECT_EQ((*program)->registers[0].dtype, tensor::DType::f32);
  EXPECT_EQ((*program)->registers[0].shape, (tensor::Shape{2, 4}));
  EXPECT_EQ((*program)->registers[1].shape, tensor::Shape{3});
}

TEST(RegisterFlow, takes_any_order_of_reads_and_the_write) {
  Recorder r;
  r.program.add(r.x, r.x, r.state.after);
  r.program.add(r.state.before, r.state.after, r.program.window(DType::f32, {2, 4}));
  EXPECT_EQ(refusal(r.program), "");
}

TEST(RegisterFlow, takes_a_value_before_the_run_that_is_not_declared) {
  Recorder r;
  r.program.add(r.x, r.x, r.state.after);
  Bytes bytes = r.program.encode();
  put_tensor_field(bytes, r.state.before, 8, 0);  // a temporary that nobody uses
  put_tensor_field(bytes, r.state.before, 12, 0);
  EXPECT_EQ(refusal(bytes), "");
}

TEST(RegisterFlow, refuses_slots_that_nobody_writes) {
  Recorder r;
  r.program.add(r.x, r.state.before);
  EXPECT_EQ(refusal(r.program), "Register slot 0 is written by no op.");
}

TEST(RegisterFlow, refuses_slots_without_a_value_after_the_run) {
  Recorder r;
  r.program.add(r.x, r.x, r.state.after);
  Bytes bytes = r.program.encode();
  put_u32(bytes, 56, 2);
  EXPECT_EQ(refusal(bytes), "Register slot 1 of 2 has no tensor for the value after the run.");
}

TEST(RegisterFlow, refuses_two_tensors_for_one_value) {
  Recorder r;
  r.program.add(r.x, r.state.before, r.state.after);
  Bytes bytes = r.program.encode();
  put_tensor_field(bytes, r.state.before, 16, 1);
  EXPECT_EQ(refusal(bytes), "Plane 1 of register slot 0 is tensors 1 and 2.");
}

TEST(RegisterFlow, refuses_values_that_differ_in_dtype_or_shape) {
  Recorder r;
  r.program.add(r.x, r.x, r.state.after);
  Bytes bytes = r.program.encode();
  put_tensor_field(bytes, r.state.before, 0, 7);
  EXPECT_EQ(refusal(bytes),
            "Register slot 0 is i32 of shape [2, 4] before the run and f32 of shape [2, 4] after "
            "it.");
  put_tensor_field(bytes, r.state.before, 0, 1);
  put_tensor_field(bytes, r.state.before, 32, 3);
  EXPECT_EQ(refusal(bytes),
            "Register slot 0 is f32 of shape [3, 4] before the run and f32 of shape [2, 4] after "
            "it.");
}

TEST(RegisterFlow, refuses_to_write_the_value_before_the_run) {
  Recorder r;
  r.program.add(r.x, r.x, r.state.after);
  r.program.add(r.x, r.x, r.state.before);
  EXPECT_EQ(refusal(r.program),
            "Op 1 (add): it writes tensor 1, which is the value of a register before the run.");
}

TEST(RegisterFlow, refuses_to_write_the_value_after_the_run_twice) {
  Recorder r;
  r.program.add(r.x, r.x, r.state.after);
  r.program.add(r.x, r.x, r.state.after);
  EXPECT_EQ(refusal(r.program), "Op 1 (add): it writes tensor 2 a second time.");
}

TEST(RegisterFlow, refuses_to_read_the_value_after_the_run_before_it_is_written) {
  Recorder r;
  r.program.add(r.x, r.state.after);
  r.program.add(r.x, r.x, r.state.after);
  EXPECT_EQ(refusal(r.program), "Op 0 (add): it reads tensor 2 before an op has written it.");
}

TEST(RegisterFlow, refuses_257_slots) {
  sdk::Program program;
  const auto x = program.window(DType::f32, {4});
  for (int i = 0; i < 256; ++i) program.add(x, x, program.state_register(DType::f32, {4}).after);
  EXPECT_EQ(refusal(program), "");
  program.state_register(DType::f32, {4});
  EXPECT_EQ(refusal(program),
            "The program header's register_slot_count is 257; at most 256 is allowed.");
}

}  // namespace
}  // namespace driftwood::graph::testing
