#include "device/vulkan/outcome.h"

#include <gtest/gtest.h>

namespace driftwood::device::vulkan {
namespace {

TEST(Outcome, success_is_no_error) {
  EXPECT_TRUE(check(VK_SUCCESS, "vkQueueSubmit"));
}

TEST(Outcome, an_error_names_the_call_and_the_answer) {
  const auto lost = check(VK_ERROR_DEVICE_LOST, "vkQueueSubmit");
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code(), ErrorCode::device_lost);
  EXPECT_EQ(lost.error().message(), "vkQueueSubmit answers VK_ERROR_DEVICE_LOST.");
}

TEST(Outcome, a_code_says_what_the_caller_can_do) {
  EXPECT_EQ(check(VK_TIMEOUT, "x").error().code(), ErrorCode::timeout);
  EXPECT_EQ(check(VK_ERROR_OUT_OF_DEVICE_MEMORY, "x").error().code(), ErrorCode::out_of_memory);
  EXPECT_EQ(check(VK_ERROR_OUT_OF_HOST_MEMORY, "x").error().code(), ErrorCode::out_of_memory);
  EXPECT_EQ(check(VK_ERROR_FEATURE_NOT_PRESENT, "x").error().code(), ErrorCode::unsupported);
  EXPECT_EQ(check(VK_ERROR_MEMORY_MAP_FAILED, "x").error().code(), ErrorCode::io);
}

TEST(Outcome, an_answer_without_a_known_name_is_given_as_a_number) {
  EXPECT_EQ(name_of(static_cast<VkResult>(-424242)), "VkResult -424242");
  EXPECT_EQ(check(static_cast<VkResult>(-424242), "x").error().code(), ErrorCode::io);
}

}  // namespace
}  // namespace driftwood::device::vulkan
