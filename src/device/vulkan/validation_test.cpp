// The validation layer is silent in every test of this program: what it says fails the test in
// which it says so.
#include <gtest/gtest.h>

#include "core/log.h"
#include "device/test_support.h"
#include "device/vulkan/gpu.h"
#include "device/vulkan/heap.h"

namespace driftwood::device::vulkan {
namespace {

using testing::can_validate;
using testing::must;

std::uint64_t provoked_messages = 0;  // that a test asked for

class FailTestsThatTheLayerSpeaksIn final : public ::testing::EmptyTestEventListener {
  void OnTestStart(const ::testing::TestInfo&) override { before_ = unexpected(); }
  void OnTestEnd(const ::testing::TestInfo&) override {
    EXPECT_EQ(unexpected() - before_, 0u) << "messages of the validation layer; see the log";
  }

  static std::uint64_t unexpected() {
    return Instance::validation_message_count() - provoked_messages;
  }
  std::uint64_t before_ = 0;
};

[[maybe_unused]] const bool listens = [] {
  ::testing::UnitTest::GetInstance()->listeners().Append(new FailTestsThatTheLayerSpeaksIn);
  return true;
}();

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
