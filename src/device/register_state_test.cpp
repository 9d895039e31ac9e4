#include "device/register_state.h"

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

TEST(RegisterState, create_refuses_shapes_that_no_register_has) {
  NullDevice device;
  const auto refuse = [&](tensor::Shape shape, ErrorCode code, std::string_view part) {
    expect_error(RegisterState::create(device, tensor::DType::f32, std::move(shape)), code, part);
  };
  refuse({1, 1, 1, 1, 1}, ErrorCode::invalid_argument, "of 5 dimensions");
  refuse({0}, ErrorCode::invalid_argument, "shape [0] has no elements");
  refuse({4, 0, 2}, ErrorCode::invalid_argument, "shape [4, 0, 2] has no elements");
  refuse({1 << 20, 1 << 20}, ErrorCode::limit, "takes more than 1099511627776 bytes");
  refuse({0xffffffff, 0xffffffff, 0xffffffff}, ErrorCode::limit, "takes more than");
}

TEST(RegisterState, is_refused_where_the_device_has_no_memory) {
  NullDevice device;
  device.fail_call(Call::allocate, ErrorCode::out_of_memory);
  expect_error(RegisterState::create(device, tensor::DType::f32, {4}), ErrorCode::out_of_memory,
               "told to fail");
}

TEST(RegisterState, takes_room_for_two_values_of_whole_cache_lines) {
  NullDevice device;
  EXPECT_EQ(must(RegisterState::create(device, tensor::DType::f32, {1, 17}))->size_bytes(), 256u);
  EXPECT_EQ(must(RegisterState::create(device, tensor::DType::u8, {}))->size_bytes(), 128u);
}

// sum [4] = sum + x, x in window slot 0, and a second register.
struct RunningSum {
  explicit RunningSum(Device& device) {
    sdk::Program program;
    const auto x = program.window(DType::f32, {4});
    const auto sum = program.state_register(DType::f32, {4});
    const auto last = program.state_register(DType::f32, {4});
    program.add(sum.before, x, sum.after);
    program.add(x, x, last.after);  // twice the last x
    program.add(sum.before, last.before, program.window(DType::f32, {4}));
    executable = must(device.compile(decode(program), nullptr));
  }
  std::shared_ptr<const Executable> executable;
};

class RegisterRuns : public ::testing::Test {
 protected:
  explicit RegisterRuns(std::unique_ptr<Device> device)
      : device_(std::move(device)), executable_(RunningSum(*device_).executable) {}
  RegisterRuns() : RegisterRuns(must(open_device("cpu", {.thread_count = 1, .isa = ""}))) {}

  std::unique_ptr<RegisterState> make(tensor::DType dtype = tensor::DType::f32,
                                      tensor::Shape shape = {4}) {
    return must(RegisterState::create(*device_, dtype, std::move(shape)));
  }

  SequenceData sequence(RegisterState& sum, RegisterState& last, float x) {
    SequenceData data = make_sequence(executable_->program(), {});
    data.windows[0] = bytes_of(std::vector<float>(4, x));
    data.registers = {&sum, &last};
    return data;
  }

  float value(const RegisterState& state) {
    Bytes bytes(16);
    const BufferPlace place = state.before();
    must(device_->download(*place.buffer, place.offset_bytes, bytes, Purpose::state));
    return values_of<float>(bytes)[3];
  }

  std::unique_ptr<Device> device_;
  std::shared_ptr<const Executable> executable_;
};

TEST_F(RegisterRuns, each_run_begins_with_what_the_last_one_left) {
  const auto sum = make(), last = make();
  EXPECT_EQ(value(*sum), 0);
  for (const auto [x, before] : {std::pair(1.0f, 0.0f), {2.0f, 1.0f + 2.0f}, {4.0f, 3.0f + 4.0f}}) {
    std::vector<SequenceData> data = {sequence(*sum, *last, x)};
    must(run(*device_, executable_, data));
    // The third op ran after both registers were written, and still read what was before.
    EXPECT_EQ(values_of<float>(data[0].windows[1])[3], before);
  }
  EXPECT_EQ(value(*sum), 7);
  EXPECT_EQ(value(*last), 8);
}

TEST_F(RegisterRuns, sequences_that_run_together_keep_their_own) {
  const auto sum_a = make(), last_a = make(), sum_b = make(), last_b = make();
  for (int i = 0; i < 3; ++i) {
    std::vector<SequenceData> data = {sequence(*sum_a, *last_a, 1), sequence(*sum_b, *last_b, 10)};
    must(run(*device_, executable_, data));
  }
  EXPECT_EQ(value(*sum_a), 3);
  EXPECT_EQ(value(*sum_b), 30);
}

TEST_F(RegisterRuns, a_run_that_fails_or_is_cancelled_leaves_the_value_as_it_was) {
  sdk::Program program;
  const auto x = program.window(DType::f32, {2, 4});
  const auto sum = program.state_register(DType::f32, {2, 4});
  program.add(sum.before, x, sum.after);
  program.select_rows(x, program.window(DType::i32, {1}));  // fails for an index over 1
  const auto executable = must(device_->compile(decode(program), nullptr));
  const auto state = make(tensor::DType::f32, {2, 4});
  std::vector<SequenceData> data = {make_sequence(executable->program(), {})};
  data[0].windows[0] = bytes_of(std::vector<float>(8, 5));
  data[0].registers = {state.get()};
  must(run(*device_, executable, data));
  EXPECT_EQ(value(*state), 5);

  data[0].windows[1] = bytes_of(std::vector<std::int32_t>{2});
  expect_error(run(*device_, executable, data), ErrorCode::invalid_argument, "select_rows");
  EXPECT_EQ(value(*state), 5);

  data[0].windows[1] = bytes_of(std::vector<std::int32_t>{1});
  {
    BoundSequences bound(*device_, data);
    const Serial serial = must(device_->submit(executable, bound.sequences()));
    device_->cancel(serial);
    expect_error(device_->wait(serial, kPatienceNs), ErrorCode::cancelled, "was cancelled");
  }
  EXPECT_EQ(value(*state), 5);
  must(run(*device_, executable, data));
  EXPECT_EQ(value(*state), 10);
}

TEST_F(RegisterRuns, a_fork_goes_on_from_the_present_value_with_its_own_memory) {
  const auto sum = make(), last = make();
  std::vector<SequenceData> data = {sequence(*sum, *last, 1)};
  must(run(*device_, executable_, data));
  const auto sum_fork = must(sum->fork()), last_fork = must(last->fork());
  EXPECT_EQ(value(*sum_fork), 1);
  std::vector<SequenceData> both = {sequence(*sum, *last, 10),
                                    sequence(*sum_fork, *last_fork, 100)};
  must(run(*device_, executable_, both));
  EXPECT_EQ(value(*sum), 11);
  EXPECT_EQ(value(*sum_fork), 101);
  EXPECT_EQ(value(*last_fork), 200);
}

TEST_F(RegisterRuns, a_value_that_was_read_is_the_same_after_loading) {
  const auto sum = make(), last = make();
  std::vector<SequenceData> data = {sequence(*sum, *last, 3)};
  must(run(*device_, executable_, data));
  Bytes bytes(sum->value_bytes());
  must(sum->read(bytes));
  EXPECT_EQ(bytes, bytes_of(std::vector<float>(4, 3)));
  const auto loaded = make();
  must(loaded->load(bytes));
  EXPECT_EQ(value(*loaded), 3);
}

// The rules of submit(), on a device whose calls can be made to fail.
class RegisterRules : public RegisterRuns {
 protected:
  RegisterRules() : RegisterRuns(std::make_unique<NullDevice>()) {}

  NullDevice& null_device() { return static_cast<NullDevice&>(*device_); }

  Result<Serial> submit(std::vector<RegisterState*> registers) {
    Sequence one = {{}, {{buffer_.get(), 0}, {buffer_.get(), 16}}, {}, std::move(registers)};
    return device_->submit(executable_, std::span(&one, 1));
  }

  std::unique_ptr<Buffer> buffer_ = must(device_->allocate(64));
  std::unique_ptr<RegisterState> sum_ = make(), last_ = make();
};

TEST_F(RegisterRules, submit_refuses_registers_that_are_missing_or_other_than_declared) {
  expect_error(submit({}), ErrorCode::invalid_argument, "binds 0 registers, but the program has 2");
  expect_error(submit({sum_.get(), nullptr}), ErrorCode::invalid_argument,
               "Register slot 1 is not bound");
  const auto half = make(tensor::DType::f16), longer = make(tensor::DType::f32, {5}),
             deeper = make(tensor::DType::f32, {1, 4});
  for (RegisterState* other : {half.get(), longer.get(), deeper.get()}) {
    expect_error(submit({other, last_.get()}), ErrorCode::invalid_argument,
                 "Register slot 0 needs f32 of shape [4], but the register is");
  }
}

TEST_F(RegisterRules, submit_refuses_a_register_that_is_in_flight_or_bound_twice) {
  expect_error(submit({sum_.get(), sum_.get()}), ErrorCode::invalid_argument, "bound twice");
  const Serial serial = must(submit({sum_.get(), last_.get()}));
  const auto other = make();
  expect_error(submit({other.get(), last_.get()}), ErrorCode::invalid_argument, "in flight");
  must(device_->wait(serial, 0));
  must(submit({other.get(), last_.get()}));
}

TEST_F(RegisterRules, refuses_values_of_another_size) {
  for (const std::size_t size_bytes : {0, 15, 17, 64}) {
    Bytes bytes(size_bytes);
    expect_error(sum_->load(bytes), ErrorCode::invalid_argument, "takes 16 bytes, not");
    expect_error(sum_->read(bytes), ErrorCode::invalid_argument, "takes 16 bytes, not");
  }
}

TEST_F(RegisterRules, is_neither_forked_nor_loaded_nor_read_while_a_run_is_in_flight) {
  const Serial serial = must(submit({sum_.get(), last_.get()}));
  Bytes bytes(16);
  expect_error(sum_->fork(), ErrorCode::invalid_argument, "be forked");
  expect_error(sum_->load(bytes), ErrorCode::invalid_argument, "be loaded");
  expect_error(sum_->read(bytes), ErrorCode::invalid_argument, "be read");
  must(device_->wait(serial, 0));
  must(sum_->fork());
}

TEST_F(RegisterRules, a_fork_is_refused_where_the_device_has_no_memory_or_is_lost) {
  null_device().fail_call(Call::allocate, ErrorCode::out_of_memory);
  expect_error(sum_->fork(), ErrorCode::out_of_memory, "told to fail");
  null_device().fail_call(Call::copy, ErrorCode::device_lost);
  expect_error(sum_->fork(), ErrorCode::device_lost, "told to fail");
}

TEST_F(RegisterRules, only_a_run_that_succeeded_changes_the_value) {
  const Buffer* const first = sum_->before().buffer;
  null_device().fail_call(Call::submit, ErrorCode::out_of_memory);
  expect_error(submit({sum_.get(), last_.get()}), ErrorCode::out_of_memory, "told to fail");
  EXPECT_EQ(sum_->before().buffer, first);

  const Serial lost = must(submit({sum_.get(), last_.get()}));
  null_device().fail_call(Call::wait, ErrorCode::timeout);
  expect_error(device_->wait(lost, 0), ErrorCode::timeout, "told to fail");
  expect_error(submit({sum_.get(), last_.get()}), ErrorCode::invalid_argument, "in flight");
  null_device().fail_call(Call::wait, ErrorCode::device_lost);
  expect_error(device_->wait(lost, 0), ErrorCode::device_lost, "told to fail");
  EXPECT_EQ(sum_->before().buffer, first);

  must(device_->wait(must(submit({sum_.get(), last_.get()})), 0));
  EXPECT_EQ(sum_->after().buffer, first);
  EXPECT_NE(sum_->before().buffer, first);
}

}  // namespace
}  // namespace driftwood::device
