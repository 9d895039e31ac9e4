#include "device/registry.h"

#include <gtest/gtest.h>

#include "device/cpu/isa.h"
#include "device/test_validation.h"

namespace driftwood::device {
namespace {

TEST(Registry, every_usable_device_opens_under_its_name) {
  bool has_cpu = false;
  for (const DeviceDescription& listed : list_devices()) {
    has_cpu = has_cpu || listed.name == "cpu";
    const auto device = open_device(listed.name, testing::checked_options());
    EXPECT_EQ(device.has_value(), listed.missing.empty());
    if (!device) continue;
    EXPECT_EQ((*device)->capabilities().name, listed.name);
    EXPECT_FALSE(listed.description.empty());
  }
  EXPECT_TRUE(has_cpu);
  EXPECT_EQ(device_names().back(), "null");
}

TEST(Registry, auto_is_the_first_of_the_list) {
  const auto device = open_device("auto", testing::checked_options());
  ASSERT_TRUE(device);
  EXPECT_EQ((*device)->capabilities().name, list_devices().front().name);
}

TEST(Registry, a_number_that_no_device_has_is_refused) {
  for (const std::string name : {"vulkan:99", "vulkan:", "vulkan:x", "vulkan:-1", "cpu:0"}) {
    EXPECT_FALSE(open_device(name, testing::checked_options())) << name;
  }
}

TEST(Registry, an_unknown_name_is_answered_with_the_known_ones) {
  const auto device = open_device("gpu", {});
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code(), ErrorCode::not_found);
  EXPECT_TRUE(
      device.error().message().starts_with("There is no device \"gpu\"; there are auto, cpu"))
      << device.error().message();
}

TEST(Registry, an_unknown_instruction_set_is_refused) {
  const auto device = open_device("cpu", {1, "sse2"});
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code(), ErrorCode::invalid_argument);
  EXPECT_NE(device.error().message().find("\"sse2\""), std::string::npos);
}

TEST(Registry, an_instruction_set_of_another_machine_is_unsupported) {
  // No machine has both of these.
  int refused = 0;
  for (const std::string name : {"neon", "avx2"}) {
    const auto device = open_device("cpu", {1, name});
    if (device) continue;
    ++refused;
    EXPECT_EQ(device.error().code(), ErrorCode::unsupported);
    EXPECT_NE(device.error().message().find(name), std::string::npos);
  }
  EXPECT_GE(refused, 1);
}

TEST(Registry, a_forced_instruction_set_and_the_threads_are_in_the_description) {
  const auto device = open_device("cpu", {3, "portable"});
  ASSERT_TRUE(device);
  EXPECT_EQ((*device)->capabilities().description, "CPU, 3 threads, portable");
  EXPECT_EQ((*device)->capabilities().numerics, "cpu/1");
}

TEST(Registry, too_many_threads_are_refused) {
  const auto device = open_device("cpu", {1025, ""});
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code(), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace driftwood::device
