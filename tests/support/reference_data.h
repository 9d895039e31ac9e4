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

// Whether what is missing is a failure.
inline bool is_ci() {
  const char* const ci = std::getenv("CI");
  return ci != nullptr && std::string_view(ci) == "true";
}

}  // namespace driftwood::test

// Skips the test, or fails it under CI=true, where this machine lacks what it needs.
#define DW_NEED(is_here, what)                        \
  do {                                                \
    if (!(is_here)) {                                 \
      if (::driftwood::test::is_ci()) FAIL() << what; \
      GTEST_SKIP() << what;                           \
    }                                                 \
  } while (false)

#define DW_NEED_DATA(path) \
  DW_NEED(std::filesystem::exists(path), "The reference data is missing: " << (path))
