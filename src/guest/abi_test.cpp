#include "guest/abi.h"

#include <gtest/gtest.h>

#include <set>

namespace driftwood::guest {
namespace {

TEST(AbiCodes, every_error_has_a_negative_code_of_its_own) {
  std::set<std::int32_t> codes;
  for (int i = 0; i <= static_cast<int>(ErrorCode::cancelled); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    EXPECT_LT(abi_code(code), 0);
    EXPECT_EQ(abi_code_name(abi_code(code)), name(code));
    codes.insert(abi_code(code));
  }
  EXPECT_EQ(codes.size(), 10u);
}

TEST(AbiCodes, a_code_without_an_error_is_unknown) {
  EXPECT_EQ(abi_code_name(-11), "unknown");
}

}  // namespace
}  // namespace driftwood::guest
