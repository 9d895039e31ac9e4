#include "device/vulkan/weights.h"

#include <gtest/gtest.h>

#include "device/test_case_run.h"
#include "device/test_tolerance.h"
#include "device/vulkan/test_driver.h"
#include "device/vulkan/vulkan_device.h"
#include "os/mapping.h"
#include "os/test_folder.h"

namespace driftwood::device::vulkan {
namespace {

using namespace device::testing;
using testing::Driver;
using testing::open_gpu;

// A case with weights, run on a device that is opened through the driver.
struct Weighted {
  explicit Weighted(Driver& driver) {
    VulkanOptions options{.instance = driver.options()};
    options.on_upload = [this](std::uint64_t done, std::uint64_t all) {
      uploaded_bytes = done;
      all_bytes = all;
    };
    auto opened = open_vulkan_device(options);
    if (opened) device = *std::move(opened);
  }

  std::uint64_t copied_weights() const {
    return device->copied_bytes().to_device[static_cast<std::size_t>(Purpose::weights)];
  }

  std::unique_ptr<Device> device;
  std::uint64_t uploaded_bytes = 0, all_bytes = 0;
  ConformanceCase one = cases_of("linear").front();
};

TEST(Weights, are_used_in_place_where_the_gpu_computes_in_the_hosts_memory) {
  Driver driver;
  Weighted weighted(driver);
  if (weighted.device == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
  if (!open_gpu(driver)->shares_host_memory()) GTEST_SKIP() << "The GPU has memory of its own.";
  must(weighted.device->compile(decode(weighted.one.program), weighted.one.weights));
  EXPECT_EQ(weighted.copied_weights(), 0u);
  EXPECT_EQ(weighted.all_bytes, 0u);
}

// 64 numbers in a file, at no multiple of what an import begins at.
class MappedWeights final : public WeightSource {
 public:
  Result<tensor::View> find(std::string_view) const override {
    return tensor::View{tensor::DType::f32, {64}, file_.bytes().subspan(kBefore)};
  }
  std::vector<std::string> names() const override { return {"w"}; }

 private:
  static constexpr std::size_t kBefore = 100;

  os::MappedFile map() {
    const Bytes bytes = bytes_of(std::vector<float>(64, 3));
    const auto* const text = reinterpret_cast<const char*>(bytes.data());
    const std::string contents = std::string(kBefore, 'x') + std::string(text, bytes.size());
    return must(os::MappedFile::open(folder_.write("weights", contents)));
  }

  os::TestFolder folder_;
  os::MappedFile file_ = map();
};

TEST(Weights, of_a_mapped_file_are_used_in_place) {
  Driver driver;
  Weighted weighted(driver);
  if (weighted.device == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
  if (!open_gpu(driver)->shares_host_memory()) GTEST_SKIP() << "The GPU has memory of its own.";
  sdk::Program program;
  const sdk::Symbol rows = program.symbol(1);
  const auto x = program.window(sdk::DType::f32, {rows, 64});
  program.add(x, program.weight("w", sdk::DType::f32, {64}),
              program.window(sdk::DType::f32, {rows, 64}));
  const auto executable =
      must(weighted.device->compile(decode(program), std::make_shared<MappedWeights>()));
  std::vector<SequenceData> data = {make_sequence(executable->program(), {1})};
  data[0].windows[0] = bytes_of(std::vector<float>(64, 2));
  must(run(*weighted.device, executable, data));
  EXPECT_EQ(values_of<float>(data[0].windows[1]), std::vector<float>(64, 5));
  EXPECT_EQ(weighted.copied_weights(), 0u);
}

TEST(Weights, are_copied_once_to_a_gpu_with_memory_of_its_own) {
  Driver driver;
  driver.pretend_discrete();
  Weighted weighted(driver);
  if (weighted.device == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
  Device& device = *weighted.device;
  {
    const auto first = must(device.compile(decode(weighted.one.program), weighted.one.weights));
    const std::uint64_t copied = weighted.copied_weights();
    EXPECT_GT(copied, 0u);
    EXPECT_EQ(weighted.uploaded_bytes, copied);
    EXPECT_EQ(weighted.all_bytes, copied);
    // Another program over the same weights finds them there.
    sdk::Program more = weighted.one.program;
    const auto x = more.window(sdk::DType::f32, {1});
    more.add(x, x);
    const auto second = must(device.compile(decode(more), weighted.one.weights));
    EXPECT_NE(first, second);
    EXPECT_EQ(weighted.copied_weights(), copied);
  }
  const auto got =
      must(CaseRun::create(weighted.one, std::move(weighted.device))).run(weighted.one.sequences);
  expect_like_reference(weighted.one, got);
}

TEST(Weights, that_the_driver_does_not_take_in_place_are_copied) {
  Driver driver;
  Weighted weighted(driver);
  if (weighted.device == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
  driver.break_call(
      {"GetMemoryHostPointerPropertiesEXT", 1, VK_ERROR_INVALID_EXTERNAL_HANDLE, true});
  must(weighted.device->compile(decode(weighted.one.program), weighted.one.weights));
  EXPECT_GT(weighted.copied_weights(), 0u);
  driver.heal();
}

// Tensors of a model that share their bytes: one is the beginning of the other, or all of it.
class SharedWeights final : public WeightSource {
 public:
  Result<tensor::View> find(std::string_view name) const override {
    const std::uint64_t rows = name == "first" ? 1 : 64;
    const auto bytes = std::as_bytes(std::span(values_));
    return tensor::View{tensor::DType::f32, {rows, 64}, bytes.first(rows * 64 * sizeof(float))};
  }
  std::vector<std::string> names() const override { return {"again", "all", "first"}; }

 private:
  std::vector<float> values_ = std::vector<float>(64 * 64, 1);
};

TEST(Weights, of_the_same_bytes_are_placed_once_and_others_at_the_same_address_anew) {
  for (const bool is_discrete : {false, true}) {
    Driver driver;
    if (is_discrete) driver.pretend_discrete();
    Weighted weighted(driver);
    if (weighted.device == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
    Device& device = *weighted.device;
    const bool is_copied = is_discrete || !must(list_gpus()).front().is_software;
    const auto weights = std::make_shared<SharedWeights>();
    const auto compile = [&](const char* name, std::uint32_t rows) {
      sdk::Program program;
      const auto x = program.window(sdk::DType::f32, {1, 64});
      program.linear(x, program.weight(name, sdk::DType::f32, {rows, 64}),
                     program.window(sdk::DType::f32, {1, rows}));
      return must(device.compile(decode(program), weights));
    };
    const auto first = compile("first", 1);
    const std::uint64_t copied = weighted.copied_weights();
    EXPECT_EQ(copied, is_copied ? 64 * sizeof(float) : 0);
    driver.break_call({});
    const auto all = compile("all", 64);
    EXPECT_EQ(weighted.copied_weights() - copied, is_copied ? 64 * 64 * sizeof(float) : 0);
    EXPECT_EQ(driver.calls("GetMemoryHostPointerPropertiesEXT"), is_copied ? 0 : 1);
    const auto again = compile("again", 64);
    EXPECT_EQ(weighted.copied_weights() - copied, is_copied ? 64 * 64 * sizeof(float) : 0);
    EXPECT_EQ(driver.calls("GetMemoryHostPointerPropertiesEXT"), is_copied ? 0 : 1);
    // All rows are there, though the first one was placed before.
    std::vector<SequenceData> data = {make_sequence(all->program(), {})};
    data[0].windows[0] = bytes_of(std::vector<float>(64, 2));
    must(run(device, all, data));
    EXPECT_EQ(values_of<float>(data[0].windows[1]), std::vector<float>(64, 128));
  }
}

TEST(Weights, that_the_driver_does_not_take_in_place_are_right_all_the_same) {
  Driver driver;
  Weighted weighted(driver);
  if (weighted.device == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
  driver.break_call({"AllocateMemory", 1, VK_ERROR_INVALID_EXTERNAL_HANDLE});
  CaseRun run = must(CaseRun::create(weighted.one, std::move(weighted.device)));
  EXPECT_GT(run.device().copied_bytes().total(), 0u);
  expect_like_reference(weighted.one, run.run(weighted.one.sequences));
}

}  // namespace
}  // namespace driftwood::device::vulkan
