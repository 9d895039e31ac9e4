// The validation layer is on in the tests: a wrong call does not stay unseen.
#include <gtest/gtest.h>

#include "core/log.h"
#include "device/test_support.h"
#include "device/vulkan/gpu.h"
#include "device/vulkan/heap.h"

namespace driftwood::device::vulkan {
namespace {

using testing::can_validate;
using testing::must;
using testing::provoked_messages;

TEST(Validation, a_wrong_call_is_counted_and_logged) {
  if (!can_validate()) GTEST_SKIP() << "The validation layer is not installed.";
  auto instance = Instance::create({.validate = true});
  if (!instance) GTEST_SKIP() << instance.error().message();
  const auto gpu = must(Gpu::open(*std::move(instance), 0));
  const std::uint64_t before = Instance::validation_message_count();
  std::string logged;
  log::configure(log::Level::error, [&](log::Level, std::string_view line) { logged += line; });
  VkBufferCreateInfo info = buffer_info(16);
  info.usage = 0;  // one bit at least has to be set
  VkBuffer buffer = VK_NULL_HANDLE;
  if (gpu->vk().CreateBuffer(gpu->device(), &info, nullptr, &buffer) == VK_SUCCESS) {
    gpu->vk().DestroyBuffer(gpu->device(), buffer, nullptr);
  }
  log::configure(log::Level::warning, nullptr);
  provoked_messages += Instance::validation_message_count() - before;
  EXPECT_GT(provoked_messages, 0u);
  EXPECT_NE(logged.find("VkBufferCreateInfo"), std::string::npos) << logged;
}

}  // namespace
}  // namespace driftwood::device::vulkan
