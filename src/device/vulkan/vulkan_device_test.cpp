#include "device/vulkan/vulkan_device.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "device/test_case_rows.h"
#include "device/test_case_run.h"
#include "ops/op_list.h"

namespace driftwood::device::vulkan {
namespace {

using namespace testing;
using sdk::DType;

std::unique_ptr<Device> open() {
  auto device = open_device("vulkan", checked_options());
  return device ? *std::move(device) : nullptr;
}

std::vector<std::string_view> op_names() {
  std::vector<std::string_view> names;
  for (const ops::OpDefinition* op : ops::all_ops()) names.push_back(op->name);
  return names;
}

// The same bits together and alone, all rows at once and one by one, and from run to run.
class VulkanBits : public ::testing::TestWithParam<std::string_view> {};
INSTANTIATE_TEST_SUITE_P(, VulkanBits, ::testing::ValuesIn(op_names()),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(VulkanBits, do_not_depend_on_what_else_runs) {
  for (const ConformanceCase& one : cases_of(GetParam())) {
    SCOPED_TRACE(one.name);
    auto device = open();
    if (device == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
    CaseRun run = must(CaseRun::create(one, std::move(device)));
    const std::vector<SequenceData> results = run.run(one.sequences);
    expect_same_bits(run.run(one.sequences), results, "again");
    for (std::size_t s = 0; s < results.size(); ++s) {
      expect_same_bits(run.run({one.sequences[s]}), {results[s]}, "alone");
      if (has_independent_rows(run.executable()->program())) {
        expect_rows_alone(run, one.sequences[s], results[s]);
      }
    }
  }
}

// y = x + x over [rows, 8].
struct Doubler {
  Doubler() {
    sdk::Program program;
    const sdk::Symbol rows = program.symbol(4096);
    const auto x = program.window(DType::f32, {rows, 8});
    program.add(x, x, program.window(DType::f32, {rows, 8}));
    this->program = decode(program);
  }
  SequenceData sequence(std::uint32_t rows) const {
    SequenceData data = make_sequence(*program, {rows});
    data.windows[0] = bytes_of(Random(rows).floats(rows * 8));
    return data;
  }
  static void expect_doubled(const SequenceData& got) {
    const auto x = values_of<float>(got.windows[0]), y = values_of<float>(got.windows[1]);
    for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(y[i], x[i] + x[i]) << i;
  }

  std::shared_ptr<const graph::Program> program;
};

TEST(VulkanDevice, one_executable_takes_any_rows_in_any_order) {
  const Doubler doubler;
  const auto device = open();
  if (device == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
  const auto executable = must(device->compile(doubler.program, nullptr));
  for (const std::uint32_t rows : {0u, 1u, 300u, 0u, 7u, 4096u, 1u, 33u}) {
    std::vector<SequenceData> one = {doubler.sequence(rows)};
    must(run(*device, executable, one));
    Doubler::expect_doubled(one[0]);
  }
}

TEST(VulkanDevice, sequences_of_different_rows_run_together_empty_ones_too) {
  const Doubler doubler;
  const auto device = open();
  if (device == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
  const auto executable = must(device->compile(doubler.program, nullptr));
  std::vector<SequenceData> all;
  for (const std::uint32_t rows : {0u, 5u, 0u, 1u, 200u, 0u}) all.push_back(doubler.sequence(rows));
  must(run(*device, executable, all));
  for (const SequenceData& one : all) Doubler::expect_doubled(one);
}

TEST(VulkanDevice, several_runs_are_in_flight_at_once) {
  const Doubler doubler;
  const auto device = open();
  if (device == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
  const auto executable = must(device->compile(doubler.program, nullptr));
  std::vector<std::vector<SequenceData>> data;
  for (std::uint32_t i = 0; i < 8; ++i) data.push_back({doubler.sequence(10 + i)});
  std::vector<BoundSequences> bound;
  std::vector<Serial> serials;
  for (auto& one : data) bound.emplace_back(*device, one);
  for (BoundSequences& one : bound) {
    serials.push_back(must(device->submit(executable, one.sequences())));
  }
  for (std::size_t i = serials.size(); i-- > 0;) must(device->wait(serials[i], kPatienceNs));
  for (std::size_t i = 0; i < bound.size(); ++i) {
    bound[i].read_back();
    Doubler::expect_doubled(data[i][0]);
  }
}

// A product that takes a software GPU some tenths of a second.
struct LongProgram {
  LongProgram() {
    sdk::Program program;
    const auto a = program.window(DType::f32, {256, 256});
    sdk::Tensor product = program.matmul(a, a);
    for (int i = 0; i < 200; ++i) product = program.matmul(product, a);
    program.add(product, product, program.window(DType::f32, {256, 256}));
    const sdk::Symbol rows = program.symbol(1);
    const auto row = program.window(DType::f32, {rows, 1});
    program.add(row, row, program.window(DType::f32, {rows, 1}));
    this->program = decode(program);
  }
  // Of one row, which tells little of the work. The result, window 1, is all ones until it is
  // written.
  SequenceData sequence() const {
    SequenceData data = make_sequence(*program, {1});
    data.windows[1] = bytes_of(std::vector<float>(256 * 256, 1));
    return data;
  }

  std::shared_ptr<const graph::Program> program;
};

TEST(VulkanDevice, a_wait_that_is_over_says_so_and_the_next_one_goes_on) {
  const LongProgram longer;
  const auto device = open();
  if (device == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
  const auto executable = must(device->compile(longer.program, nullptr));
  std::vector<SequenceData> data = {longer.sequence()};
  BoundSequences bound(*device, data);
  const Serial serial = must(device->submit(executable, bound.sequences()));
  const auto early = device->wait(serial, 0);
  if (!early) {  // otherwise the GPU was faster than the call
    EXPECT_EQ(early.error().code(), ErrorCode::timeout);
    must(device->wait(serial, kPatienceNs));
  }
}

TEST(VulkanDevice, cancelling_ends_a_run_early_and_the_device_goes_on) {
  const LongProgram longer;
  const auto device = open();
  if (device == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
  const auto executable = must(device->compile(longer.program, nullptr));
  const SequenceData before = longer.sequence();
  std::vector<SequenceData> data = {before};
  BoundSequences bound(*device, data);
  int stopped = 0;  // before the last op but one
  const BufferPlace result = bound.sequences()[0].windows[1];
  for (int round = 0; round < 20 && stopped < 2; ++round) {
    must(device->upload(*result.buffer, result.offset_bytes, before.windows[1], Purpose::window));
    const Serial serial = must(device->submit(executable, bound.sequences()));
    std::thread([&] { device->cancel(serial); }).join();
    const auto ended = device->wait(serial, kPatienceNs);
    if (ended) continue;
    EXPECT_EQ(ended.error().code(), ErrorCode::cancelled);
    bound.read_back();
    if (data[0].windows[1] == before.windows[1]) ++stopped;
  }
  EXPECT_EQ(stopped, 2);
  must(device->wait(must(device->submit(executable, bound.sequences())), kPatienceNs));
  bound.read_back();
  EXPECT_EQ(data[0].windows[1], Bytes(before.windows[1].size()));
  device->cancel(Serial{999});
}

TEST(VulkanDevice, a_program_without_ops_does_nothing) {
  const auto device = open();
  if (device == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
  const auto program = decode(sdk::Program());
  const auto executable = must(device->compile(program, nullptr));
  std::vector<SequenceData> data = {make_sequence(*program, {})};
  must(run(*device, executable, data));
}

TEST(VulkanDevice, an_index_outside_the_table_fails_the_run_and_is_named) {
  sdk::Program program;
  const sdk::Symbol rows = program.symbol(8);
  const auto table = program.window(DType::f32, {3, 4});
  const auto ids = program.window(DType::i32, {rows});
  program.gather_rows(table, ids, program.window(DType::f32, {rows, 4}));
  const auto device = open();
  if (device == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
  const auto decoded = decode(program);
  const auto executable = must(device->compile(decoded, nullptr));
  for (const std::int32_t id : {3, -1, 1 << 30, -(1 << 30)}) {
    std::vector<SequenceData> data = {make_sequence(*decoded, {2})};
    data[0].windows[1] = bytes_of(std::vector<std::int32_t>{0, id});
    const auto failed = run(*device, executable, data);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code(), ErrorCode::invalid_argument);
    EXPECT_EQ(failed.error().message(),
              "Op 0 (gather_rows): Index " + std::to_string(id) + " is not between 0 and 2.");
    data[0].windows[1] = bytes_of(std::vector<std::int32_t>{0, 2});
    must(run(*device, executable, data));
  }
}

TEST(VulkanDevice, logits_that_are_not_numbers_fail_the_run_by_name) {
  for (const std::uint32_t rows : {1u, 257u}) {
    for (const std::size_t place : {std::size_t{0}, std::size_t{rows} * 100 - 1}) {
      ConformanceCase one = top_logits_case(100, 3, 1, {rows});
      auto logits = values_of<float>(one.sequences[0].windows[0]);
      logits[place] = std::nanf("");
      one.sequences[0].windows[0] = bytes_of(logits);
      auto device = open();
      if (device == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
      CaseRun opened = must(CaseRun::create(one, std::move(device)));
      const auto failed = run(opened.device(), opened.executable(), one.sequences);
      ASSERT_FALSE(failed);
      EXPECT_EQ(failed.error().message(), "Op 0 (top_logits): A logit is not a number.");
    }
  }
}

TEST(VulkanDevice, memory_of_its_own_is_zero) {
  const auto device = open();
  if (device == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
  for (int round = 0; round < 2; ++round) {
    const auto buffer = must(device->allocate(10'001));
    Bytes bytes(10'001, std::byte{1});
    must(device->download(*buffer, 0, bytes, Purpose::state));
    EXPECT_EQ(bytes, Bytes(10'001));
    must(device->upload(*buffer, 0, Bytes(10'001, std::byte{9}), Purpose::state));
  }
}

TEST(VulkanDevice, gpus_are_listed_with_what_they_are) {
  const auto gpus = list_gpus();
  if (!gpus) GTEST_SKIP() << gpus.error().message();
  ASSERT_FALSE(gpus->empty());
  for (const GpuDescription& gpu : *gpus) {
    EXPECT_FALSE(gpu.name.empty());
    EXPECT_FALSE(gpu.driver.empty());
  }
  EXPECT_FALSE(open_vulkan_device({.index = gpus->size()}));
}

}  // namespace
}  // namespace driftwood::device::vulkan
