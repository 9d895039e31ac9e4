// How tests open devices: with every call of the driver checked by the GPU API's validation layer.
// A test in which the layer says anything fails.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
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

// Messages that a test asked for by a wrong call.
inline std::uint64_t provoked_messages = 0;

class ValidationListener final : public ::testing::EmptyTestEventListener {
  void OnTestStart(const ::testing::TestInfo&) override { before_ = unexpected(); }
  void OnTestEnd(const ::testing::TestInfo&) override {
    EXPECT_EQ(unexpected() - before_, 0u) << "messages of the validation layer; see the log";
  }

  static std::uint64_t unexpected() { return validation_message_count() - provoked_messages; }

  std::uint64_t before_ = 0;
};

// Listens to all tests of every program that includes this.
[[maybe_unused]] inline const bool listens_for_validation = [] {
  ::testing::UnitTest::GetInstance()->listeners().Append(new ValidationListener);
  return true;
}();

}  // namespace driftwood::device::testing
