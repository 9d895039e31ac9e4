// The devices that tests are run on, some of which a machine may not have.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "core/check.h"
#include "device/registry.h"
#include "device/test_validation.h"
#include "support/reference_data.h"

namespace driftwood::test {

// Kinds of devices that the same is asked of. Where several of a kind can be used, the first of
// list_devices() is tested; what Vulkan lists, its own VK_DRIVER_FILES says.
inline const auto kEveryDevice = testing::Values("cpu", "vulkan");

// The first usable device of a kind, by name, or what is missing for it. Asks the drivers once.
inline const device::DeviceDescription& device_of_kind(const std::string& kind) {
  static std::map<std::string, device::DeviceDescription> known;
  const auto [at, is_new] = known.try_emplace(kind);
  if (!is_new) return at->second;
  at->second = {kind, kind, "No driver here has one."};
  if (kind == "cpu") return at->second = {kind, kind, ""};  // asks no driver
  for (const device::DeviceDescription& one : device::list_devices()) {
    if (one.name != kind && !one.name.starts_with(kind + ":")) continue;
    return at->second = one;  // those that can be used come first
  }
  return at->second;
}

// Whether a device of a kind is to be opened with its driver's calls checked: a test fails where
// the GPU API's validation layer says anything.
inline bool is_checked(const std::string& kind) {
  return kind != "cpu" && device::testing::can_validate();
}

// Precondition: DW_NEED_DEVICE(kind).
inline std::unique_ptr<device::Device> open_device_of_kind(const std::string& kind,
                                                           const device::DeviceOptions& options = {
                                                               .thread_count = 2}) {
  device::DeviceOptions checked = options;
  checked.validate = is_checked(kind);
  auto device = device::open_device(device_of_kind(kind).name, checked);
  if (!device) ADD_FAILURE() << device.error().message();
  DW_CHECK(device.has_value());
  return *std::move(device);
}

// The name of a test's device, as the last part of the test's.
inline const auto device_kind = [](const auto& info) { return std::string(info.param); };

}  // namespace driftwood::test

// In a test's body or SetUp: skips the test where no device of this kind can be used, or fails it
// under CI=true.
#define DW_NEED_DEVICE(kind)                                          \
  DW_NEED(::driftwood::test::device_of_kind(kind).missing.empty(),    \
          "No device of the kind " << (kind) << " can be used here: " \
                                   << ::driftwood::test::device_of_kind(kind).missing)
