// How tests open devices: with every call of the driver checked by the GPU API's validation layer.
// vulkan/validation_test.cpp fails each test in which the layer says anything.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "device/registry.h"

namespace driftwood::device::testing {

// Whether calls of Vulkan are checked: not where the layer is not installed, unless CI=true, and
// then tests that open a Vulkan device fail.
inline bool can_validate() {
  static const bool answer = [] {
    if (open_device("vulkan", {.validate = true})) return true;
    const char* const ci = std::getenv("CI");
    if (ci != nullptr && std::string_view(ci) == "true") return true;
    if (open_device("vulkan", {})) {
      fmt::print(stderr, "No call is checked: Vulkan's validation layer is not installed.\n");
    }
    return false;
  }();
  return answer;
}

inline DeviceOptions checked_options() {
  return {.validate = can_validate()};
}

}  // namespace driftwood::device::testing
