#include "device/cpu/run.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "device/cpu/test_per_isa.h"
#include "device/test_case_run.h"
#include "device/test_tolerance.h"
#include "os/process.h"

namespace driftwood::device::testing {
namespace {

using sdk::DType;

constexpr std::uint64_t kMebibyte = 1 << 20;

// A run of a single long op: `rows` rows of gate and up.
ConformanceCase make_long_op(std::uint32_t rows) {
  ConformanceCase one{.name = "one long op"};
  const sdk::Symbol row = one.program.symbol(rows);
  const auto gate = one.program.window(DType::f32, {row, 1024});
  const auto up = one.program.window(DType::f32, {row, 1024});
  one.program.swiglu(gate, up, one.program.window(DType::f32, {row, 1024}));
  Random random(3);
  one.sequences.push_back(make_sequence(*decode(one.program), {rows}));
  for (const std::size_t slot : {0, 1}) {
    one.sequences[0].windows[slot] = bytes_of(random.floats(std::size_t{rows} * 1024));
  }
  return one;
}

TEST(Run, a_timeout_stops_inside_an_op_and_the_next_wait_goes_on_there) {
  const ConformanceCase one = make_long_op(2000);
  for (const unsigned threads : {1u, 3u}) {
    CaseRun run(one, threads, "");
    const auto wanted = run.run(one.sequences);
    std::vector<SequenceData> sequences = one.sequences;
    BoundSequences bound(run.device(), sequences);
    const Serial serial = must(run.device().submit(run.executable(), bound.sequences()));
    int timeouts = 0;
    while (!run.device().wait(serial, 0)) ASSERT_LT(++timeouts, 1000);
    EXPECT_GE(timeouts, 2);
    bound.read_back();
    expect_same_bits(sequences, wanted, "after timeouts inside an op");
  }
}

TEST(Run, a_run_that_is_cancelled_inside_an_op_ends_there) {
  const ConformanceCase one = make_long_op(2000);
  CaseRun run(one, 2, "");
  std::vector<SequenceData> sequences = one.sequences;
  BoundSequences bound(run.device(), sequences);
  const Serial serial = must(run.device().submit(run.executable(), bound.sequences()));
  ASSERT_FALSE(run.device().wait(serial, 0));
  run.device().cancel(serial);
  const auto ended = run.device().wait(serial, kPatienceNs);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), ErrorCode::cancelled);
  EXPECT_NE(ended.error().message().find("in op 0 of 1"), std::string::npos)
      << ended.error().message();
}

// Attention over `rows` rows of one number: the op that is longest for its bytes.
TEST(Run, a_wait_sees_a_cancellation_while_an_op_goes_on) {
  constexpr std::uint32_t kRows = 30000;  // some ten seconds
  ConformanceCase one{.name = "long attention"};
  sdk::Program& p = one.program;
  const sdk::Symbol row = p.symbol(kRows);
  const auto x = p.window(DType::f32, {row, 1, 1});
  const auto plane = p.state_plane(0, 0, DType::f32, 1, 1);
  p.append_rows(x, plane);
  p.attention(x, plane, plane, 1.0, p.window(DType::f32, {row, 1, 1}));
  std::vector<SequenceData> sequences = {make_sequence(*decode(p), {kRows})};

  for (const unsigned threads : {1u, 2u}) {
    CaseRun run(one, threads, "");
    const auto state =
        must(AppendState::create(run.device(), {tensor::DType::f32, 1, 1, 1, kRows}));
    sequences[0].states = {state.get()};
    BoundSequences bound(run.device(), sequences);
    const Serial serial = must(run.device().submit(run.executable(), bound.sequences()));
    std::thread canceller([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      run.device().cancel(serial);
    });
    const auto ended = run.device().wait(serial, kPatienceNs);
    canceller.join();
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code(), ErrorCode::cancelled);
    EXPECT_EQ(state->length_rows(), 0u);
  }
}

// A program that makes `rows` rows of 64 KiB out of a table of one row.
class Temporaries : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kMostRows = 1 << 20;

  Temporaries() {
    sdk::Program program;
    const sdk::Symbol row = program.symbol(kMostRows);
    const auto table = program.window(DType::f32, {1, 1 << 14});
    const auto ids = program.window(DType::i32, {row});
    program.gather_rows(table, ids, program.temporary(DType::f32, {row, 1 << 14}));
    executable_ = must(device_->compile(decode(program), nullptr));
  }

  Result<Serial> submit(std::uint32_t rows) {
    const Sequence sequence = {{rows}, {{buffer_.get(), 0}, {buffer_.get(), 1 << 16}}, {}};
    return device_->submit(executable_, std::span(&sequence, 1));
  }

  std::unique_ptr<Device> device_ = must(open_device("cpu", {.thread_count = 1, .isa = ""}));
  std::shared_ptr<const Executable> executable_;
  std::unique_ptr<Buffer> buffer_ = must(device_->allocate((1 << 16) + kMostRows * 4));
};

TEST_F(Temporaries, over_the_limit_are_refused_by_submit) {
  const auto refused = submit((1 << 17) + 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::limit);
  EXPECT_EQ(refused.error().message(),
            "The run's temporaries (8590000128 bytes) are over the limit (8589934592 bytes).");
  must(device_->wait(must(submit(3)), kPatienceNs));
}

TEST_F(Temporaries, take_memory_when_they_are_touched_and_large_ones_give_it_back) {
  constexpr std::uint32_t kRows = 320 * 16;  // 320 MiB
  const std::uint64_t before = must(os::resident_bytes());
  const Serial serial = must(submit(kRows));
  EXPECT_LT(must(os::resident_bytes()), before + 64 * kMebibyte) << "after submit";
  must(device_->wait(serial, kPatienceNs));
  EXPECT_LT(must(os::resident_bytes()), before + 64 * kMebibyte) << "after the run";
}

}  // namespace
}  // namespace driftwood::device::testing
