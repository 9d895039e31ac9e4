#include "device/null/null_device.h"

#include <gtest/gtest.h>

namespace driftwood::device::null {
namespace {

TEST(NullDevice, the_call_after_the_skipped_ones_fails_and_no_other) {
  NullDevice device;
  device.fail_call(Call::allocate, ErrorCode::device_lost, 2);
  EXPECT_TRUE(device.allocate(16));
  EXPECT_TRUE(device.allocate(16));
  const auto failed = device.allocate(16);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::device_lost);
  EXPECT_TRUE(device.allocate(16));
}

TEST(NullDevice, a_failure_of_one_kind_of_call_leaves_the_others_alone) {
  NullDevice device;
  device.fail_call(Call::upload, ErrorCode::io);
  const auto buffer = device.allocate(4);
  ASSERT_TRUE(buffer);
  std::byte bytes[4] = {};
  EXPECT_TRUE(device.download(**buffer, 0, bytes, Purpose::window));
  EXPECT_FALSE(device.upload(**buffer, 0, bytes, Purpose::window));
  EXPECT_EQ(device.copied_bytes().to_device[static_cast<std::size_t>(Purpose::window)], 0u);
}

}  // namespace
}  // namespace driftwood::device::null
