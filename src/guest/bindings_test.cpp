#include "guest/bindings.h"

#include <gtest/gtest.h>

#include "device/registry.h"
#include "driftwood_program.hpp"

namespace driftwood::guest {
namespace {

using sdk::DType;
constexpr std::uint64_t kPage = memory::kWasmPageBytes;

// Window 0 is read and window 1 written; state 0 has two planes of [1, 4] bf16; register 0 is f32
// of [1, 2, 1].
std::shared_ptr<const graph::Program> program() {
  sdk::Program program;
  const auto rows = program.symbol(8);
  const auto x = program.window(DType::f32, {rows, 1, 4});
  const auto y = program.window(DType::f32, {1, 2, 1});
  program.append_rows(x, program.state_plane(0, 1, DType::bf16, 1, 4));
  const auto h = program.state_register(DType::f32, {1, 2, 1});
  program.add(h.before, h.before, h.after);
  program.add(h.before, h.before, y);
  const auto encoded = program.encode();
  const auto decoded = graph::decode_program(std::as_bytes(std::span(encoded)));
  EXPECT_TRUE(decoded) << decoded.error().message();
  return *decoded;
}

class BindingRules : public testing::Test {
 protected:
  BindingRules()
      : device(device::open_device("null", {}).value()),
        region(memory::Region::reserve(
                   {.committed_bytes = 4 * kPage, .reserved_bytes = 8 * kPage, .guard_bytes = 0})
                   .value()) {}

  std::shared_ptr<Window> window(std::uint64_t offset, memory::Access access) {
    return Window::share(table, region, *device, {offset, kPage, access}).value();
  }
  std::shared_ptr<device::AppendState> state(tensor::DType dtype, std::uint32_t planes,
                                             std::uint32_t heads, std::uint32_t dim) {
    return device::AppendState::create(*device, {dtype, planes, heads, dim, 100}).value();
  }
  std::shared_ptr<device::RegisterState> reg(tensor::DType dtype, tensor::Shape shape) {
    return device::RegisterState::create(*device, dtype, std::move(shape)).value();
  }

  static void expect_refusal(const Result<void>& refused, std::string_view words) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::invalid_argument);
    EXPECT_NE(refused.error().message().find(words), std::string::npos)
        << refused.error().message();
  }

  std::unique_ptr<device::Device> device;
  std::shared_ptr<memory::Region> region;
  memory::WindowTable table;
  const std::shared_ptr<const graph::Program> slots = program();
  Bindings bindings{*slots};
};

TEST_F(BindingRules, begin_with_nothing_bound_to_each_slot) {
  ASSERT_EQ(bindings.windows.size(), 2u);
  ASSERT_EQ(bindings.states.size(), 1u);
  ASSERT_EQ(bindings.registers.size(), 1u);
  EXPECT_EQ(bindings.windows[0].window, nullptr);
  EXPECT_EQ(bindings.states[0], nullptr);
  EXPECT_EQ(bindings.registers[0], nullptr);
}

TEST_F(BindingRules, a_window_is_bound_at_an_offset_up_to_its_end) {
  const auto bound = window(0, memory::Access::read);
  EXPECT_TRUE(bind_window(*slots, 0, bound, 8, bindings));
  EXPECT_EQ(bindings.windows[0].window, bound);
  EXPECT_EQ(bindings.windows[0].offset_bytes, 8u);
  EXPECT_TRUE(bind_window(*slots, 0, bound, kPage, bindings));
  expect_refusal(bind_window(*slots, 0, bound, kPage + 4, bindings), "is over the window");
  expect_refusal(bind_window(*slots, 0, bound, 0xfffffffffffffffc, bindings), "over the window");
  EXPECT_EQ(bindings.windows[0].offset_bytes, kPage);  // as it was
}

TEST_F(BindingRules, a_window_is_bound_at_a_multiple_of_4) {
  expect_refusal(bind_window(*slots, 0, window(0, memory::Access::read), 6, bindings),
                 "is not a multiple of 4");
}

TEST_F(BindingRules, what_a_program_writes_is_shared_for_writing) {
  expect_refusal(bind_window(*slots, 1, window(0, memory::Access::read), 0, bindings),
                 "shared for reading");
  EXPECT_TRUE(bind_window(*slots, 1, window(kPage, memory::Access::read_write), 0, bindings));
}

TEST_F(BindingRules, a_slot_is_one_that_the_program_has) {
  expect_refusal(bind_window(*slots, 2, window(0, memory::Access::read_write), 0, bindings),
                 "has 2 window slots, and no slot 2");
  expect_refusal(bind_state(*slots, 1, state(tensor::DType::bf16, 2, 1, 4), bindings),
                 "has 1 state slots, and no slot 1");
  expect_refusal(bind_register(*slots, 0xffffffff, reg(tensor::DType::f32, {1, 2, 1}), bindings),
                 "no slot 4294967295");
}

TEST_F(BindingRules, a_state_has_the_dtype_and_shape_of_its_slot_and_maybe_more_planes) {
  using tensor::DType;
  EXPECT_TRUE(bind_state(*slots, 0, state(DType::bf16, 2, 1, 4), bindings));
  EXPECT_TRUE(bind_state(*slots, 0, state(DType::bf16, 3, 1, 4), bindings));
  for (const auto& other : {state(DType::f16, 2, 1, 4), state(DType::bf16, 1, 1, 4),
                            state(DType::bf16, 2, 2, 4), state(DType::bf16, 2, 1, 8)}) {
    expect_refusal(bind_state(*slots, 0, other, bindings), "State slot 0 takes 2 planes of [1, 4]");
  }
}

TEST_F(BindingRules, a_register_has_the_dtype_and_shape_of_its_slot) {
  using tensor::DType;
  EXPECT_TRUE(bind_register(*slots, 0, reg(DType::f32, {1, 2, 1}), bindings));
  for (const auto& other : {reg(DType::i32, {1, 2, 1}), reg(DType::f32, {2}),
                            reg(DType::f32, {1, 2, 1, 1}), reg(DType::f32, {1, 3, 1})}) {
    expect_refusal(bind_register(*slots, 0, other, bindings), "Register slot 0 takes f32");
  }
}

}  // namespace
}  // namespace driftwood::guest
