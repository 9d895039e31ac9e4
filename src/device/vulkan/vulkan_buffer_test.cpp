#include "device/vulkan/vulkan_buffer.h"

#include <gtest/gtest.h>

#include "device/test_support.h"
#include "device/vulkan/test_driver.h"
#include "device/vulkan/vulkan_device.h"
#include "memory/region.h"

namespace driftwood::device::vulkan {
namespace {

using namespace device::testing;
using testing::Driver;

constexpr std::uint64_t kStep = memory::kWindowStepBytes;

template <typename T>
void expect_unsupported(const Result<T>& result, std::string_view rule) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::unsupported);
  EXPECT_NE(result.error().message().find(rule), std::string::npos) << result.error().message();
}

class ImportTest : public ::testing::Test {
 protected:
  void SetUp() override {
    gpu_ = testing::open_gpu(driver_);
    if (gpu_ == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
  }

  std::span<const std::byte> pages(std::uint64_t offset_bytes, std::uint64_t size_bytes) const {
    return std::as_const(*region_).bytes().subspan(offset_bytes, size_bytes);
  }

  std::shared_ptr<memory::Region> region_ =
      must(memory::Region::reserve({4 * kStep, 4 * kStep, kStep}));
  Driver driver_;
  std::unique_ptr<Gpu> gpu_;
};

TEST_F(ImportTest, a_range_off_the_drivers_alignment_is_refused_with_the_rule) {
  const std::uint64_t alignment = gpu_->physical().import_alignment;
  ASSERT_GT(alignment, 16u);
  expect_unsupported(ImportedMemory::create(*gpu_, pages(16, alignment)), "import alignment");
  expect_unsupported(ImportedMemory::create(*gpu_, pages(0, alignment + 16)), "import alignment");
  EXPECT_TRUE(ImportedMemory::create(*gpu_, pages(0, alignment)));
}

TEST_F(ImportTest, what_the_driver_says_no_to_is_refused_with_its_answer) {
  driver_.break_call({"GetMemoryHostPointerPropertiesEXT", 1, VK_ERROR_INVALID_EXTERNAL_HANDLE});
  expect_unsupported(ImportedMemory::create(*gpu_, pages(0, kStep)),
                     "takes no memory of this kind: vkGetMemoryHostPointerPropertiesEXT answers "
                     "VK_ERROR_INVALID_EXTERNAL_HANDLE");
  driver_.break_call({"AllocateMemory", 1, VK_ERROR_OUT_OF_DEVICE_MEMORY});
  expect_unsupported(ImportedMemory::create(*gpu_, pages(0, kStep)), "refuses this memory");
  driver_.heal();
  EXPECT_FALSE(driver_.alive().contains("Memory"));
}

TEST_F(ImportTest, what_is_larger_than_the_device_takes_at_once_is_refused_with_both_sizes) {
  driver_.change_properties = [](VkPhysicalDeviceProperties2& properties) {
    for (auto* next = static_cast<VkBaseOutStructure*>(properties.pNext); next != nullptr;
         next = next->pNext) {
      if (next->sType != VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES) continue;
      reinterpret_cast<VkPhysicalDeviceMaintenance3Properties*>(next)->maxMemoryAllocationSize =
          kStep;
    }
  };
  gpu_.reset();
  gpu_ = testing::open_gpu(driver_);
  EXPECT_TRUE(ImportedMemory::create(*gpu_, pages(0, kStep)));
  expect_unsupported(ImportedMemory::create(*gpu_, pages(0, 2 * kStep)),
                     "The range (131072 bytes) is over what the device takes at once (65536 "
                     "bytes).");
}

TEST_F(ImportTest, a_driver_without_memory_is_no_refusal) {
  driver_.break_call({"GetMemoryHostPointerPropertiesEXT", 1, VK_ERROR_OUT_OF_HOST_MEMORY});
  const auto failed = ImportedMemory::create(*gpu_, pages(0, kStep));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::out_of_memory);
}

// A number that the guest writes after all is compiled and bound comes back changed in place.
TEST(Window, is_the_guests_own_bytes) {
  auto device = open_device("vulkan", checked_options());
  if (!device) GTEST_SKIP() << device.error().message();
  const auto region = must(memory::Region::reserve({2 * kStep, 2 * kStep, kStep}));
  const auto buffer = must((*device)->import_host(
      must(memory::Import::acquire(region, {kStep, kStep, memory::Access::read_write}))));
  EXPECT_EQ(buffer->contents(), region->base() + kStep);
  sdk::Program program;
  const auto x = program.window(sdk::DType::f32, {1}), y = program.window(sdk::DType::f32, {1});
  program.add(x, x, y);
  const auto executable = must((*device)->compile(decode(program), nullptr));
  const Sequence sequence = {{}, {{buffer.get(), 0}, {buffer.get(), 256}}, {}};
  auto* const numbers = reinterpret_cast<float*>(region->base() + kStep);
  for (const float number : {1.5f, -40.0f}) {
    numbers[0] = number;
    must(
        (*device)->wait(must((*device)->submit(executable, std::span(&sequence, 1))), kPatienceNs));
    EXPECT_EQ(numbers[64], 2 * number);
  }
  EXPECT_EQ((*device)->copied_bytes().total(), 0u);
}

TEST(Window, shared_for_reading_is_not_written) {
  auto device = open_device("vulkan", checked_options());
  if (!device) GTEST_SKIP() << device.error().message();
  const auto region = must(memory::Region::reserve({kStep, kStep, kStep}));
  const auto buffer = must((*device)->import_host(
      must(memory::Import::acquire(region, {0, kStep, memory::Access::read}))));
  sdk::Program program;
  const auto x = program.window(sdk::DType::f32, {1}), y = program.window(sdk::DType::f32, {1});
  program.add(x, x, y);
  const auto executable = must((*device)->compile(decode(program), nullptr));
  const Sequence sequence = {{}, {{buffer.get(), 0}, {buffer.get(), 256}}, {}};
  const auto refused = (*device)->submit(executable, std::span(&sequence, 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace driftwood::device::vulkan
