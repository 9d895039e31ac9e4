#include "device/op_observer.h"

#include <gtest/gtest.h>

#include "core/hash.h"
#include "device/test_support.h"

namespace driftwood::device::testing {
namespace {

constexpr std::uint32_t kHeads = 2, kDim = 3, kMostRows = 40;

// y = x + x in a window, and x appended to a state.
struct Doubling {
  std::unique_ptr<Device> device = must(open_device("cpu", {.thread_count = 2, .isa = ""}));
  std::shared_ptr<const Executable> executable;
  std::unique_ptr<AppendState> state =
      must(AppendState::create(*device, {tensor::DType::f32, 1, kHeads, kDim, kMostRows}));

  Doubling() {
    sdk::Program p;
    const auto rows = p.symbol(kMostRows);
    const auto x = p.window(sdk::DType::f32, {rows, kHeads, kDim});
    p.add(x, x, p.window(sdk::DType::f32, {rows, kHeads, kDim}));
    p.append_rows(x, p.state_plane(0, 0, sdk::DType::f32, kHeads, kDim));
    executable = must(device->compile(decode(p), nullptr));
  }

  // Runs `rows` rows; gives the bytes of x and y.
  std::vector<Bytes> run(std::uint32_t rows) {
    std::vector<SequenceData> sequences = {make_sequence(executable->program(), {rows})};
    sequences[0].windows[0] = bytes_of(Random(rows).floats(rows * kHeads * kDim));
    sequences[0].states = {state.get()};
    must(testing::run(*device, executable, sequences));
    return sequences[0].windows;
  }
};

Bytes all_bytes(const std::vector<std::span<const std::byte>>& pieces) {
  Bytes all;
  for (const auto& piece : pieces) all.insert(all.end(), piece.begin(), piece.end());
  return all;
}

TEST(OpObserver, sees_each_op_of_each_run_with_the_bytes_that_it_wrote) {
  Doubling doubling;
  std::vector<std::string> names;
  std::vector<std::uint64_t> runs;
  std::vector<Bytes> outputs;
  must(doubling.device->observe([&](const OpEvent& event) {
    names.emplace_back(event.program.ops[event.op].definition->name);
    runs.push_back(event.run);
    ASSERT_EQ(event.outputs.size(), 1u);
    outputs.push_back(all_bytes(event.outputs[0]));
  }));
  const auto first = doubling.run(11), second = doubling.run(10);
  EXPECT_EQ(names, (std::vector<std::string>{"add", "append_rows", "add", "append_rows"}));
  EXPECT_EQ(runs, (std::vector<std::uint64_t>{1, 1, 2, 2}));
  EXPECT_EQ(outputs[0], first[1]);
  EXPECT_EQ(outputs[1], first[0]) << "what was appended, by row and head";
  EXPECT_EQ(outputs[2], second[1]);
  EXPECT_EQ(outputs[3], second[0]) << "rows 11 to 20 lie in two blocks";
}

TEST(OpObserver, an_empty_one_ends_the_observation) {
  Doubling doubling;
  int events = 0;
  must(doubling.device->observe([&](const OpEvent&) { ++events; }));
  must(doubling.device->observe({}));
  doubling.run(1);
  EXPECT_EQ(events, 0);
}

TEST(OpObserver, and_peaks_are_refused_where_nothing_is_computed) {
  const auto device = must(open_device("null", {}));
  const auto buffer = must(device->allocate(1));
  EXPECT_EQ(device->measure_read(*buffer).error().code(), ErrorCode::unsupported);
  EXPECT_EQ(device->measure_arithmetic().error().code(), ErrorCode::unsupported);
  const auto refused = device->observe([](const OpEvent&) {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::unsupported);
}

TEST(OpObserver, a_hash_depends_on_the_bytes_and_not_on_how_they_lie) {
  const Bytes bytes = bytes_of(std::vector<float>{1, 2, 3});
  const std::span<const std::byte> all(bytes);
  const graph::Program program;
  const auto hash = [&](std::vector<std::vector<std::span<const std::byte>>> outputs) {
    return hash_outputs({1, program, 0, 0, outputs});
  };
  EXPECT_EQ(hash({{all}}), fnv1a(all));
  EXPECT_EQ(hash({{all.first(4), all.subspan(4)}}), fnv1a(all));
  EXPECT_EQ(hash({{all.first(4)}, {all.subspan(4)}}), fnv1a(all));
  EXPECT_NE(hash({{all.first(11)}}), fnv1a(all));
}

}  // namespace
}  // namespace driftwood::device::testing
