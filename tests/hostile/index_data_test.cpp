// Index data in windows: out of range, or changed by another thread while the device works. Each op
// that gathers fails the run or takes indices that were in range, and writes nothing elsewhere.
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "device/test_support.h"

namespace driftwood::device::testing {
namespace {

constexpr std::int64_t kRows = 64, kWidth = 32, kLimit = 48;

struct GatheringOp {
  const char* name;
  const char* op;
  std::function<sdk::Program()> record;
  std::size_t index_slot;  // the window with kRows indices below kLimit
  std::int32_t limit;
};

sdk::Program gather_rows_of_a_window() {
  sdk::Program program;
  const auto table = program.window(sdk::DType::f32, {kLimit, kWidth});
  const auto ids = program.window(sdk::DType::i32, {kRows});
  program.record(sdk::OpNumber::gather_rows, {table, ids},
                 {program.window(sdk::DType::f32, {kRows, kWidth})});
  return program;
}

sdk::Program gather_rows_of_a_weight() {
  sdk::Program program;
  const auto table = program.weight("table", sdk::DType::bf16, {kLimit, kWidth});
  const auto ids = program.window(sdk::DType::i32, {kRows});
  program.record(sdk::OpNumber::gather_rows, {table, ids},
                 {program.window(sdk::DType::f32, {kRows, kWidth})});
  return program;
}

sdk::Program select_rows() {
  sdk::Program program;
  const auto x = program.window(sdk::DType::f32, {kLimit, kWidth});
  const auto indices = program.window(sdk::DType::i32, {kRows});
  program.record(sdk::OpNumber::select_rows, {x, indices},
                 {program.window(sdk::DType::f32, {kRows, kWidth})});
  return program;
}

sdk::Program top_logits() {
  sdk::Program program;
  const auto logits = program.window(sdk::DType::f32, {kRows, kLimit});
  const auto ids = program.window(sdk::DType::i32, {kRows, 1});
  program.record(
      sdk::OpNumber::top_logits, {logits, ids},
      {program.window(sdk::DType::i32, {kRows, 4}), program.window(sdk::DType::f32, {kRows, 4}),
       program.window(sdk::DType::f32, {kRows}), program.window(sdk::DType::f32, {kRows, 1})});
  return program;
}

class IndexData : public ::testing::TestWithParam<GatheringOp> {
 protected:
  void SetUp() override {
    auto weights = std::make_shared<MemoryWeights>();
    weights->add("table", tensor::DType::bf16, {kLimit, kWidth},
                 std::vector<float>(kLimit * kWidth, 1));
    executable = must(device->compile(decode(GetParam().record()), weights));
  }

  // A run with these indices in the first places, the others 0.
  Result<void> run_with(const std::vector<std::int32_t>& indices) {
    std::vector<SequenceData> sequences = {make_sequence(executable->program(), {})};
    Bytes& window = sequences[0].windows[GetParam().index_slot];
    std::ranges::copy(bytes_of(indices), window.begin());
    return run(*device, executable, sequences);
  }

  std::unique_ptr<Device> device = must(open_device("cpu", {.thread_count = 2, .isa = ""}));
  std::shared_ptr<const Executable> executable;
};

INSTANTIATE_TEST_SUITE_P(
    Ops, IndexData,
    ::testing::Values(
        GatheringOp{"gather_rows_window", "gather_rows", gather_rows_of_a_window, 1, kLimit},
        GatheringOp{"gather_rows_weight", "gather_rows", gather_rows_of_a_weight, 0, kLimit},
        GatheringOp{"select_rows", "select_rows", select_rows, 1, kLimit},
        GatheringOp{"top_logits", "top_logits", top_logits, 1, kLimit}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_P(IndexData, in_range_is_taken) {
  EXPECT_TRUE(run_with({0, GetParam().limit - 1}));
}

TEST_P(IndexData, out_of_range_fails_the_run_and_names_the_op) {
  const std::string name = GetParam().op;
  for (const std::int32_t index : {GetParam().limit, -1, std::numeric_limits<std::int32_t>::max(),
                                   std::numeric_limits<std::int32_t>::min()}) {
    const auto done = run_with({0, 1, index});
    ASSERT_FALSE(done) << index;
    EXPECT_EQ(done.error().code(), ErrorCode::invalid_argument);
    EXPECT_NE(done.error().message().find(name), std::string::npos) << done.error().message();
    EXPECT_NE(done.error().message().find(std::to_string(index)), std::string::npos)
        << done.error().message();
  }
  EXPECT_TRUE(run_with({}));  // the device goes on
}

TEST_P(IndexData, changed_during_the_run_it_is_taken_or_refused_and_nothing_else) {
  std::vector<SequenceData> sequences = {make_sequence(executable->program(), {})};
  const BoundSequences bound(*device, sequences);
  const BufferPlace window = bound.sequences()[0].windows[GetParam().index_slot];
  auto* const indices = reinterpret_cast<std::int32_t*>(window.buffer->contents());
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    const std::int32_t values[] = {0, GetParam().limit - 1, GetParam().limit, -1, 1 << 30};
    for (std::size_t i = 0; !stop; ++i) {
      std::atomic_ref(indices[i % kRows]).store(values[i % 5], std::memory_order_relaxed);
    }
  });
  int refused = 0, taken = 0;
  // The other thread may take its time to begin.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (taken + refused < 2000 || (refused == 0 && std::chrono::steady_clock::now() < deadline)) {
    const Serial serial = must(device->submit(executable, bound.sequences()));
    const auto done = device->wait(serial, kPatienceNs);
    ++(done ? taken : refused);
    if (!done) EXPECT_EQ(done.error().code(), ErrorCode::invalid_argument);
  }
  stop = true;
  writer.join();
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace driftwood::device::testing
