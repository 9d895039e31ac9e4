// Index data in windows: out of range, or changed by another thread while the device works. Each op
// that gathers fails the run or takes indices that were in range, and writes nothing elsewhere, on
// each device.
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "device/test_support.h"
#include "memory/region.h"
#include "memory/window.h"
#include "support/devices.h"

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

class IndexData : public ::testing::TestWithParam<std::tuple<const char*, GatheringOp>> {
 protected:
  void SetUp() override {
    const char* const kind = std::get<0>(GetParam());
    DW_NEED_DEVICE(kind);
    device = test::open_device_of_kind(kind);
    auto weights = std::make_shared<MemoryWeights>();
    weights->add("table", tensor::DType::bf16, {kLimit, kWidth},
                 std::vector<float>(kLimit * kWidth, 1));
    executable = must(device->compile(decode(op.record()), weights));
  }

  // A run with these indices in the first places, the others 0.
  Result<void> run_with(const std::vector<std::int32_t>& indices) {
    std::vector<SequenceData> sequences = {make_sequence(executable->program(), {})};
    Bytes& window = sequences[0].windows[op.index_slot];
    std::ranges::copy(bytes_of(indices), window.begin());
    return run(*device, executable, sequences);
  }

  const GatheringOp& op = std::get<1>(GetParam());
  std::unique_ptr<Device> device;
  std::shared_ptr<const Executable> executable;
};

INSTANTIATE_TEST_SUITE_P(
    Ops, IndexData,
    ::testing::Combine(
        test::kEveryDevice,
        ::testing::Values(
            GatheringOp{"gather_rows_window", "gather_rows", gather_rows_of_a_window, 1, kLimit},
            GatheringOp{"gather_rows_weight", "gather_rows", gather_rows_of_a_weight, 0, kLimit},
            GatheringOp{"select_rows", "select_rows", select_rows, 1, kLimit},
            GatheringOp{"top_logits", "top_logits", top_logits, 1, kLimit})),
    [](const auto& info) {
      return std::string(std::get<0>(info.param)) + "_" + std::get<1>(info.param).name;
    });

TEST_P(IndexData, in_range_is_taken) {
  EXPECT_TRUE(run_with({0, op.limit - 1}));
}

TEST_P(IndexData, out_of_range_fails_the_run_and_names_the_op) {
  const std::string name = op.op;
  for (const std::int32_t index : {op.limit, -1, std::numeric_limits<std::int32_t>::max(),
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
  // The indices lie in the memory of a guest, where the device reads them.
  const auto region = must(memory::Region::reserve({.committed_bytes = memory::kWindowStepBytes,
                                                    .reserved_bytes = memory::kWindowStepBytes,
                                                    .guard_bytes = 0}));
  const auto window = must(device->import_host(must(
      memory::Import::acquire(region, {0, memory::kWindowStepBytes, memory::Access::read_write}))));
  std::vector<Sequence> submitted = bound.sequences();
  submitted[0].windows[op.index_slot] = {window.get(), 0};
  auto* const indices = reinterpret_cast<std::int32_t*>(region->base());
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    const std::int32_t values[] = {0, op.limit - 1, op.limit, -1, 1 << 30};
    for (std::size_t i = 0; !stop; ++i) {
      std::atomic_ref(indices[i % kRows]).store(values[i % 5], std::memory_order_relaxed);
    }
  });
  int refused = 0, taken = 0;
  // The other thread may take its time to begin, and a GPU in software for each run.
  using Clock = std::chrono::steady_clock;
  const auto enough = Clock::now() + std::chrono::seconds(5);
  const auto deadline = Clock::now() + std::chrono::seconds(20);
  while ((taken + refused < 2000 && Clock::now() < enough) ||
         (refused == 0 && Clock::now() < deadline)) {
    const Serial serial = must(device->submit(executable, submitted));
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
