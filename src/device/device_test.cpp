#include "device/device.h"

#include <gtest/gtest.h>

#include "device/null/null_device.h"
#include "device/test_support.h"

namespace driftwood::device {
namespace {

using namespace testing;
using null::Call;
using null::NullDevice;
using sdk::DType;

template <typename T>
void expect_error(const Result<T>& result, ErrorCode code, std::string_view part) {
  ASSERT_FALSE(result) << "expected: " << part;
  EXPECT_EQ(result.error().code(), code) << result.error().message();
  EXPECT_NE(result.error().message().find(part), std::string::npos) << result.error().message();
}

// A device, a program with one window that is read, one that is written and a state, and what binds
// to it.
class DeviceTest : public ::testing::Test {
 protected:
  static constexpr AppendStateShape kShape = {tensor::DType::f32, 2, 2, 8, 20};

  DeviceTest() {
    sdk::Program program;
    const sdk::Symbol row = program.symbol(16);
    const auto x = program.window(DType::f32, {row, 2, 8});
    const auto y = program.window(DType::f32, {row, 2, 8});
    const auto keys = program.state_plane(0, 0, DType::f32, 2, 8);
    const auto values = program.state_plane(0, 1, DType::f32, 2, 8);
    program.append_rows(x, keys);
    program.append_rows(x, values);
    program.attention(x, keys, values, 1, y);
    executable_ = must(device_.compile(decode(program), nullptr));
    state_ = must(AppendState::create(device_, kShape));
    buffer_ = must(device_.allocate(4096));
    sequence_ = {{4}, {{buffer_.get(), 0}, {buffer_.get(), 1024}}, {state_.get()}};
  }

  Result<Serial> submit() { return device_.submit(executable_, std::span(&sequence_, 1)); }

  NullDevice device_;
  std::shared_ptr<const Executable> executable_;
  std::unique_ptr<AppendState> state_;
  std::unique_ptr<Buffer> buffer_;
  Sequence sequence_;
};

TEST_F(DeviceTest, an_executable_tells_the_bytes_of_its_temporaries) {
  EXPECT_EQ(executable_->most_temporary_bytes(), 0u);
  sdk::Program program;
  const sdk::Symbol row = program.symbol(1000);
  const auto x = program.window(DType::f32, {row, 5});
  const auto first = program.add(x, x), second = program.add(first, x);
  program.add(program.add(first, second), x);
  const auto executable = must(device_.compile(decode(program), nullptr));
  // Three live at once, each beginning on 64 bytes.
  const auto of_rows = [&](std::uint32_t rows) { return executable->temporary_bytes({&rows, 1}); };
  EXPECT_EQ(of_rows(0), 0u);
  EXPECT_EQ(of_rows(1), 3 * 64u);
  EXPECT_EQ(of_rows(100), 3 * 2048u);
  EXPECT_EQ(of_rows(1000), executable->most_temporary_bytes());
  EXPECT_EQ(executable->most_temporary_bytes(), 3 * 20032u);
}

TEST_F(DeviceTest, submit_refuses_no_sequences_and_too_many) {
  expect_error(device_.submit(executable_, {}), ErrorCode::invalid_argument, "Sequence count (0)");
  const std::vector<Sequence> many(Device::kMostSequences + 1, sequence_);
  expect_error(device_.submit(executable_, many), ErrorCode::invalid_argument,
               "not between 1 and 128");
}

TEST_F(DeviceTest, submit_refuses_symbols_that_are_missing_or_above_their_maximum) {
  sequence_.symbols = {};
  expect_error(submit(), ErrorCode::invalid_argument, "gives 0 symbol values");
  sequence_.symbols = {17};
  expect_error(submit(), ErrorCode::invalid_argument, "Symbol 0 (17) is above its maximum (16)");
}

TEST_F(DeviceTest, submit_refuses_bindings_that_are_missing) {
  Sequence whole = sequence_;
  sequence_.windows.pop_back();
  expect_error(submit(), ErrorCode::invalid_argument, "binds 1 windows, but the program has 2");
  sequence_ = whole;
  sequence_.windows[1].buffer = nullptr;
  expect_error(submit(), ErrorCode::invalid_argument, "Window slot 1 is not bound");
  sequence_ = whole;
  sequence_.states.clear();
  expect_error(submit(), ErrorCode::invalid_argument, "binds 0 states, but the program has 1");
  sequence_.states = {nullptr};
  expect_error(submit(), ErrorCode::invalid_argument, "State slot 0 is not bound");
}

TEST_F(DeviceTest, submit_refuses_ranges_outside_the_buffer) {
  sequence_.windows[1].offset_bytes = 4096 - 4 * 64 + 4;  // 4 rows are 256 bytes
  expect_error(submit(), ErrorCode::invalid_argument, "needs 256 bytes at offset 3844");
  sequence_.windows[1].offset_bytes = ~std::uint64_t{3};
  expect_error(submit(), ErrorCode::invalid_argument, "but its buffer has 4096 bytes");
  sequence_.windows[1].offset_bytes = 2;
  expect_error(submit(), ErrorCode::invalid_argument, "offset 2, not a multiple of 4");
  sequence_.windows[1].offset_bytes = 4096 - 4 * 64;
  EXPECT_TRUE(submit());
}

TEST_F(DeviceTest, submit_refuses_to_write_to_a_window_shared_for_reading) {
  auto region = must(memory::Region::reserve({1 << 16, 1 << 16, 1 << 16}));
  auto import = must(memory::Import::acquire(region, {0, 1 << 16, memory::Access::read}));
  const auto window = must(device_.import_host(std::move(import)));
  EXPECT_EQ(window->contents(), region->base());
  sequence_.windows[0].buffer = window.get();
  EXPECT_TRUE(submit());
  state_ = must(AppendState::create(device_, kShape));
  sequence_.states = {state_.get()};
  sequence_.windows[1].buffer = window.get();
  expect_error(submit(), ErrorCode::invalid_argument, "shared for reading");
}

TEST_F(DeviceTest, submit_refuses_states_of_another_shape) {
  for (const AppendStateShape shape : {AppendStateShape{tensor::DType::bf16, 2, 2, 8, 20},
                                       {tensor::DType::f32, 1, 2, 8, 20},
                                       {tensor::DType::f32, 2, 1, 8, 20},
                                       {tensor::DType::f32, 2, 2, 9, 20}}) {
    const auto state = must(AppendState::create(device_, shape));
    sequence_.states = {state.get()};
    expect_error(submit(), ErrorCode::invalid_argument, "needs 2 planes of [2, 8] f32");
  }
}

TEST_F(DeviceTest, submit_refuses_a_state_that_is_in_flight_or_bound_twice) {
  const Serial serial = must(submit());
  expect_error(submit(), ErrorCode::invalid_argument, "in flight");
  must(device_.wait(serial, kPatienceNs));
  std::vector<Sequence> twice = {sequence_, sequence_};
  twice[1].windows[1].offset_bytes = 2048;
  expect_error(device_.submit(executable_, twice), ErrorCode::invalid_argument, "bound twice");
  EXPECT_EQ(state_->length_rows(), 4u);
  EXPECT_TRUE(submit());
}

TEST_F(DeviceTest, a_full_state_is_a_limit) {
  sequence_.symbols = {16};
  must(device_.wait(must(submit()), kPatienceNs));
  sequence_.symbols = {5};
  expect_error(submit(), ErrorCode::limit, "16 rows) plus 5 new rows is over its limit (20 rows)");
  sequence_.symbols = {4};
  must(device_.wait(must(submit()), kPatienceNs));
  EXPECT_EQ(state_->length_rows(), 20u);
}

TEST_F(DeviceTest, rows_are_live_only_after_a_run_that_succeeded) {
  const Serial serial = must(submit());
  EXPECT_EQ(state_->length_rows(), 0u);
  device_.fail_call(Call::wait, ErrorCode::device_lost);
  expect_error(device_.wait(serial, 0), ErrorCode::device_lost, "told to fail");
  EXPECT_EQ(state_->length_rows(), 0u);
  must(device_.wait(must(submit()), kPatienceNs));
  EXPECT_EQ(state_->length_rows(), 4u);
}

TEST_F(DeviceTest, a_timeout_leaves_the_run_in_flight) {
  const Serial serial = must(submit());
  device_.fail_call(Call::wait, ErrorCode::timeout);
  expect_error(device_.wait(serial, 0), ErrorCode::timeout, "told to fail");
  expect_error(submit(), ErrorCode::invalid_argument, "in flight");
  must(device_.wait(serial, kPatienceNs));
  EXPECT_EQ(state_->length_rows(), 4u);
}

TEST_F(DeviceTest, a_cancelled_run_leaves_the_state_as_it_was) {
  const Serial serial = must(submit());
  device_.cancel(serial);
  expect_error(device_.wait(serial, kPatienceNs), ErrorCode::cancelled, "was cancelled");
  EXPECT_EQ(state_->length_rows(), 0u);
}

TEST_F(DeviceTest, a_failed_submission_leaves_the_state_free) {
  device_.fail_call(Call::allocate, ErrorCode::out_of_memory);
  expect_error(submit(), ErrorCode::out_of_memory, "told to fail");
  device_.fail_call(Call::submit, ErrorCode::out_of_memory);
  expect_error(submit(), ErrorCode::out_of_memory, "told to fail");
  EXPECT_TRUE(submit());
}

TEST_F(DeviceTest, wait_knows_only_runs_in_flight) {
  expect_error(device_.wait(Serial{7}, 0), ErrorCode::not_found, "Run 7 is not in flight");
  const Serial serial = must(submit());
  must(device_.wait(serial, kPatienceNs));
  expect_error(device_.wait(serial, 0), ErrorCode::not_found, "is not in flight");
}

TEST_F(DeviceTest, copies_are_checked_and_counted_by_purpose) {
  Bytes bytes(100);
  expect_error(device_.upload(*buffer_, 4000, bytes, Purpose::window), ErrorCode::invalid_argument,
               "100 bytes at offset 4000 leaves the buffer (4096 bytes)");
  expect_error(device_.download(*buffer_, ~std::uint64_t{0}, bytes, Purpose::window),
               ErrorCode::invalid_argument, "leaves the buffer");
  EXPECT_EQ(device_.copied_bytes().total(), 0u);
  must(device_.upload(*buffer_, 3996, bytes, Purpose::weights));
  must(device_.download(*buffer_, 0, std::span(bytes).first(7), Purpose::state));
  EXPECT_EQ(device_.copied_bytes().to_device[static_cast<std::size_t>(Purpose::weights)], 100u);
  EXPECT_EQ(device_.copied_bytes().from_device[static_cast<std::size_t>(Purpose::state)], 7u);
  EXPECT_EQ(device_.copied_bytes().total(), 107u);
}

TEST_F(DeviceTest, copies_within_the_device_are_checked_and_not_counted) {
  const auto other = must(device_.allocate(100));
  buffer_->contents()[4000] = std::byte{7};
  must(device_.copy({buffer_.get(), 3996}, {other.get(), 10}, 90));
  EXPECT_EQ(other->contents()[14], std::byte{7});
  EXPECT_EQ(device_.copied_bytes().total(), 0u);
  expect_error(device_.copy({buffer_.get(), 3996}, {other.get(), 0}, 101),
               ErrorCode::invalid_argument, "leaves the buffer (4096 bytes)");
  expect_error(device_.copy({buffer_.get(), 0}, {other.get(), 1}, 100), ErrorCode::invalid_argument,
               "leaves the buffer (100 bytes)");
  expect_error(device_.copy({buffer_.get(), 0}, {other.get(), ~std::uint64_t{0}}, 2),
               ErrorCode::invalid_argument, "leaves the buffer");
}

TEST_F(DeviceTest, a_buffer_of_no_bytes_is_refused) {
  expect_error(device_.allocate(0), ErrorCode::invalid_argument, "0 bytes");
  expect_error(device_.allocate_unfilled(0), ErrorCode::invalid_argument, "0 bytes");
}

TEST_F(DeviceTest, runs_use_nothing_that_is_counted_as_copied) {
  must(device_.wait(must(submit()), kPatienceNs));
  EXPECT_EQ(device_.copied_bytes().total(), 0u);
}

// A program with one weight, "w", f32 [4, 8].
sdk::Program weight_program() {
  sdk::Program program;
  const auto x = program.window(DType::f32, {2, 8});
  program.linear(x, program.weight("w", DType::f32, {4, 8}), program.window(DType::f32, {2, 4}));
  return program;
}

TEST_F(DeviceTest, compile_names_the_weight_that_is_missing_or_other_than_declared) {
  const auto program = decode(weight_program());
  expect_error(device_.compile(program, nullptr), ErrorCode::not_found, "uses weight \"w\"");
  auto weights = std::make_shared<MemoryWeights>();
  expect_error(device_.compile(program, weights), ErrorCode::not_found, "\"w\"");
  weights->add("w", tensor::DType::bf16, {4, 8}, std::vector<float>(32));
  expect_error(device_.compile(program, weights), ErrorCode::invalid_argument,
               "Weight \"w\" is bf16, but the program takes it as f32");
  for (const tensor::Shape& shape : {tensor::Shape{8, 4}, {32}, {4, 8, 1}}) {
    weights->add("w", tensor::DType::f32, shape, std::vector<float>(32));
    expect_error(device_.compile(program, weights), ErrorCode::invalid_argument,
                 "but the program takes it as [4, 8]");
  }
}

TEST_F(DeviceTest, equal_programs_over_the_same_weights_share_an_executable) {
  auto weights = std::make_shared<MemoryWeights>();
  weights->add("w", tensor::DType::f32, {4, 8}, std::vector<float>(32));
  auto other = std::make_shared<MemoryWeights>(*weights);
  const auto first = must(device_.compile(decode(weight_program()), weights));
  EXPECT_EQ(must(device_.compile(decode(weight_program()), weights)), first);
  EXPECT_NE(must(device_.compile(decode(weight_program()), other)), first);
}

TEST_F(DeviceTest, an_executable_is_found_by_its_program_s_bytes_while_anybody_holds_it) {
  auto weights = std::make_shared<MemoryWeights>();
  weights->add("w", tensor::DType::f32, {4, 8}, std::vector<float>(32));
  const auto other = std::make_shared<MemoryWeights>(*weights);
  const auto program = decode(weight_program());
  const std::vector<std::byte> encoded = program->encoded;
  EXPECT_EQ(device_.find_compiled(encoded, weights.get()), nullptr);
  auto executable = must(device_.compile(program, weights));
  EXPECT_EQ(device_.find_compiled(encoded, weights.get()), executable);
  EXPECT_EQ(device_.find_compiled(encoded, other.get()), nullptr);
  EXPECT_EQ(device_.find_compiled(encoded, nullptr), nullptr);
  EXPECT_EQ(device_.find_compiled(std::span(encoded).first(encoded.size() - 1), weights.get()),
            nullptr);
  executable.reset();
  EXPECT_EQ(device_.find_compiled(encoded, weights.get()), nullptr);
}

TEST_F(DeviceTest, programs_with_one_hash_that_differ_do_not_share_an_executable) {
  auto weights = std::make_shared<MemoryWeights>();
  weights->add("w", tensor::DType::f32, {4, 8}, std::vector<float>(32));
  weights->add("v", tensor::DType::f32, {4, 8}, std::vector<float>(32));
  const auto program = decode(weight_program());
  auto collision = std::make_shared<graph::Program>(*program);
  for (graph::Tensor& tensor : collision->tensors) {
    if (tensor.place == ops::Place::weight) tensor.weight_name = "v";
  }
  const auto first = must(device_.compile(program, weights));
  EXPECT_NE(must(device_.compile(collision, weights)), first);
}

TEST_F(DeviceTest, symbols_that_do_more_than_count_rows_may_not_differ) {
  sdk::Program program;
  const sdk::Symbol wide = program.symbol(16);
  const auto a = program.window(DType::f32, {2, wide});
  program.add(a, a, program.window(DType::f32, {2, wide}));
  const auto executable = must(device_.compile(decode(program), nullptr));
  Sequence sequence = {{4}, {{buffer_.get(), 0}, {buffer_.get(), 1024}}, {}};
  std::vector<Sequence> both = {sequence, sequence};
  both[1].windows[1].offset_bytes = 2048;
  EXPECT_TRUE(device_.submit(executable, both));
  both[1].symbols = {5};
  expect_error(device_.submit(executable, both), ErrorCode::invalid_argument,
               "sequences 1 (5) and 0 (4) cannot run together");
}

TEST_F(DeviceTest, the_null_device_records_what_it_is_given) {
  const Serial serial = must(submit());
  ASSERT_EQ(device_.submissions().size(), 1u);
  EXPECT_EQ(device_.submissions().back().serial, serial);
  EXPECT_EQ(device_.submissions().back().executable, executable_);
  EXPECT_EQ(device_.submissions().back().sequences[0].symbols, std::vector<std::uint32_t>{4});
}

}  // namespace
}  // namespace driftwood::device
