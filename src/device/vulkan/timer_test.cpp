#include "device/vulkan/timer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "device/test_support.h"
#include "device/vulkan/heap.h"
#include "device/vulkan/queue.h"
#include "device/vulkan/test_driver.h"
#include "os/process.h"

namespace driftwood::device::vulkan {
namespace {

using device::testing::kPatienceNs;
using device::testing::must;
using testing::Driver;

TEST(Timer, takes_the_time_of_the_commands_between) {
  Driver driver;
  const auto gpu = testing::open_gpu(driver);
  if (gpu == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
  auto created = Timer::create(*gpu);
  if (!created) GTEST_SKIP() << created.error().message();
  const auto timer = *std::move(created);
  Heap heap(*gpu);
  const auto queue = must(Queue::create(*gpu));
  constexpr std::uint64_t kBytes = std::uint64_t{64} << 20;
  const Heap::Piece memory = must(heap.allocate(Use::staging, kBytes));
  const VkCommandBuffer commands = must(queue->allocate_commands());
  // Nothing, and then filling memory some times.
  std::uint64_t duration_ns[2] = {};
  std::uint64_t host_ns[2] = {};
  for (const int i : {0, 1}) {
    const VkCommandBufferBeginInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    ASSERT_EQ(gpu->vk().BeginCommandBuffer(commands, &info), VK_SUCCESS);
    timer->begin(commands);
    for (int n = 0; n < 4 * i; ++n) {
      gpu->vk().CmdFillBuffer(commands, memory.buffer(), memory.offset_bytes(), kBytes, 1);
    }
    timer->end(commands);
    ASSERT_EQ(gpu->vk().EndCommandBuffer(commands), VK_SUCCESS);
    const std::uint64_t begin_ns = os::monotonic_ns();
    must(queue->wait(must(queue->submit(commands)), kPatienceNs));
    host_ns[i] = os::monotonic_ns() - begin_ns;
    duration_ns[i] = must(timer->duration_ns());
    EXPECT_LE(duration_ns[i], host_ns[i] + host_ns[i] / 10 + 1'000'000);
  }
  EXPECT_LT(duration_ns[0], duration_ns[1]);
  EXPECT_GT(duration_ns[1], 100'000u);
  queue->free_commands(commands);
}

TEST(Timer, is_refused_where_the_queue_has_no_timestamps) {
  Driver driver;
  driver.change_families = [](VkQueueFamilyProperties& family) { family.timestampValidBits = 0; };
  const auto gpu = testing::open_gpu(driver);
  if (gpu == nullptr) GTEST_SKIP() << "There is no Vulkan device.";
  EXPECT_EQ(gpu->timestamp_ns(), 0);
  const auto refused = Timer::create(*gpu);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::unsupported);
}

// A driver's answer about two timestamps.
std::array<std::uint64_t, 2> times;
VKAPI_ATTR VkResult VKAPI_CALL give_times(VkDevice, VkQueryPool, std::uint32_t, std::uint32_t,
                                          std::size_t, void* results, VkDeviceSize,
                                          VkQueryResultFlags) {
  std::ranges::copy(times, static_cast<std::uint64_t*>(results));
  return VK_SUCCESS;
}

// A clock of 36 bits begins anew every minute or so.
TEST(Timer, a_clock_that_begins_anew_meanwhile_does_no_harm) {
  Driver driver;
  driver.change_families = [](VkQueueFamilyProperties& family) { family.timestampValidBits = 36; };
  driver.change_properties = [](VkPhysicalDeviceProperties2& properties) {
    properties.properties.limits.timestampPeriod = 1;
  };
  InstanceOptions options = driver.options();
  options.alter = [wrap = options.alter](Functions& functions) {
    wrap(functions);
    if (functions.GetQueryPoolResults != nullptr) functions.GetQueryPoolResults = give_times;
  };
  auto instance = Instance::create(options);
  if (!instance) GTEST_SKIP() << instance.error().message();
  auto gpu = Gpu::open(*std::move(instance), 0);
  if (!gpu) GTEST_SKIP() << gpu.error().message();
  const auto timer = must(Timer::create(**gpu));
  times = {(std::uint64_t{1} << 36) - 10, 32};
  EXPECT_EQ(must(timer->duration_ns()), 42u);
  times = {5, 47};
  EXPECT_EQ(must(timer->duration_ns()), 42u);
}

}  // namespace
}  // namespace driftwood::device::vulkan
