// Reference models and inputs that tests read, which may be missing.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

namespace driftwood::test {

// A folder of the reference data. Where it is missing the test is skipped, or fails under CI=true:
// use DW_NEED_DATA(path) in the test's body.
inline std::string reference_folder(const std::string& name) {
  return DRIFTWOOD_TEST_DATA "/" + name;
}

}  // namespace driftwood::test

#define DW_NEED_DATA(path)                                                                       \
  do {                                                                                           \
    if (!std::filesystem::exists(path)) {                                                        \
      if (const char* ci = std::getenv("CI"); ci != nullptr && std::string_view(ci) == "true") { \
        FAIL() << "The reference data is missing: " << (path);                                   \
      }                                                                                          \
      GTEST_SKIP() << "The reference data is missing: " << (path);                               \
    }                                                                                            \
  } while (false)
