#include "graph/program_flow.h"

#include <gtest/gtest.h>

#include "graph/test_support.h"

namespace driftwood::graph::testing {
namespace {

using sdk::DType;

TEST(ProgramFlow, refuses_to_read_a_temporary_before_it_is_written) {
  sdk::Program program;
  const auto x = program.temporary(DType::f32, {4});
  program.add(x, x);
  EXPECT_EQ(refusal(program), "Op 0 (add): it reads tensor 0 before an op has written it.");
}

TEST(ProgramFlow, refuses_to_write_a_temporary_from_itself) {
  sdk::Program program;
  const auto x = program.temporary(DType::f32, {4}), w = program.window(DType::f32, {4});
  program.add(w, x, x);
  EXPECT_EQ(refusal(program), "Op 0 (add): it reads tensor 0 before an op has written it.");
}

TEST(ProgramFlow, refuses_to_write_a_temporary_twice) {
  sdk::Program program;
  const auto w = program.window(DType::f32, {4});
  const auto x = program.add(w, w);
  program.add(w, w, x);
  EXPECT_EQ(refusal(program), "Op 1 (add): it writes tensor 1 a second time.");
}

TEST(ProgramFlow, refuses_one_output_twice_in_one_op) {
  sdk::Program program;
  const auto x = program.window(DType::f32, {2, 4}), y = program.window(DType::f32, {2, 3});
  const auto w = program.weight("w", DType::f32, {3, 4});
  program.linear(x, {w, w}, {y, y});
  EXPECT_EQ(refusal(program), "Op 0 (linear): it writes tensor 1 a second time.");
}

TEST(ProgramFlow, refuses_to_write_a_window_twice) {
  sdk::Program program;
  const auto w = program.window(DType::f32, {4}), out = program.window(DType::f32, {4});
  program.add(w, w, out);
  program.add(w, w, out);
  EXPECT_EQ(refusal(program), "Op 1 (add): it writes tensor 1 a second time.");
}

TEST(ProgramFlow, refuses_to_write_a_window_after_it_was_read) {
  sdk::Program program;
  const auto w = program.window(DType::f32, {4});
  const auto x = program.add(w, w);
  program.add(x, x, w);
  EXPECT_EQ(refusal(program), "Op 1 (add): it writes tensor 0 after it has been read.");
}

TEST(ProgramFlow, refuses_to_write_a_window_from_itself) {
  sdk::Program program;
  const auto w = program.window(DType::f32, {4});
  program.add(w, w, w);
  EXPECT_EQ(refusal(program), "Op 0 (add): it writes tensor 0 after it has been read.");
}

TEST(ProgramFlow, takes_a_window_that_later_ops_read) {
  sdk::Program program;
  const auto w = program.window(DType::f32, {4}), out = program.window(DType::f32, {4});
  program.add(w, w, out);
  program.add(out, w);
  EXPECT_EQ(refusal(program), "");
}

TEST(ProgramFlow, refuses_to_write_a_weight) {
  sdk::Program program;
  const auto w = program.window(DType::f32, {4});
  program.add(w, w, program.weight("w", DType::f32, {4}));
  EXPECT_EQ(
      refusal(program),
      "Op 0 (add): output 0 is a weight; a temporary, a window tensor or a register is expected.");
}

TEST(ProgramFlow, refuses_window_slots_that_nobody_uses) {
  sdk::Program program;
  program.window(DType::f32, {4});
  Bytes bytes = program.encode();
  put_u32(bytes, 40, 2);
  EXPECT_EQ(refusal(bytes), "Window slot 1 of 2 is used by no tensor.");
}

TEST(ProgramFlow, refuses_two_tensors_in_one_window_slot) {
  sdk::Program program;
  program.window(DType::f32, {4});
  program.window(DType::f32, {4});
  Bytes bytes = program.encode();
  put_u32(bytes, 64 + 64 + 12, 0);  // the slot of tensor 1
  EXPECT_EQ(refusal(bytes), "Window slot 0 is used by tensors 0 and 1.");
}

TEST(ProgramFlow, takes_256_window_slots_and_refuses_257) {
  sdk::Program program;
  for (int i = 0; i < 256; ++i) program.window(DType::f32, {4});
  EXPECT_EQ(refusal(program), "");
  program.window(DType::f32, {4});
  EXPECT_EQ(refusal(program),
            "The program header's window_slot_count is 257; at most 256 is allowed.");
}

TEST(ProgramFlow, says_which_symbols_count_rows) {
  sdk::Program program;
  const auto rows = program.symbol(4), doubled = program.symbol(4), columns = program.symbol(4);
  program.symbol(4);  // used by nothing
  const auto both = program.symbol(4);
  program.window(DType::f32, {rows, 3});
  program.temporary(DType::f32, {rows});
  program.temporary(DType::f32, {2 * doubled, 3});
  program.temporary(DType::f32, {rows, columns});
  program.temporary(DType::f32, {both, both});
  const auto decoded = decode(program.encode());
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ((*decoded)->symbol_is_rows, (std::vector<bool>{true, false, false, true, false}));
}

}  // namespace
}  // namespace driftwood::graph::testing
