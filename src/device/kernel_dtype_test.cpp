#include "device/kernel_dtype.h"

#include <gtest/gtest.h>

#include "device/test_support.h"

namespace driftwood::device {
namespace {

using namespace testing;
using sdk::DType;

Result<tensor::DType> dtype_of(const sdk::Program& program) {
  const auto decoded = decode(program);
  return kernel_dtype(*decoded, decoded->ops[0]);
}

TEST(KernelDtype, is_that_of_the_weights) {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f16}) {
    sdk::Program program;
    const auto x = program.window(DType::f32, {4, 8});
    program.linear(x, program.weight("w", dtype, {8, 8}));
    EXPECT_EQ(must(dtype_of(program)), static_cast<tensor::DType>(dtype));
  }
}

TEST(KernelDtype, is_that_of_a_table_in_a_window) {
  sdk::Program program;
  const auto table = program.window(DType::f16, {4, 8});
  program.gather_rows(table, program.window(DType::i32, {2}));
  EXPECT_EQ(must(dtype_of(program)), tensor::DType::f16);
}

TEST(KernelDtype, is_f32_where_nothing_is_stored) {
  sdk::Program program;
  const auto x = program.window(DType::f32, {4, 8});
  program.add(x, x);
  EXPECT_EQ(must(dtype_of(program)), tensor::DType::f32);
}

TEST(KernelDtype, weights_of_two_dtypes_have_none) {
  sdk::Program program;
  const auto x = program.window(DType::f32, {4, 8});
  program.linear(
      x, {program.weight("a", DType::bf16, {8, 8}), program.weight("b", DType::f32, {8, 8})});
  const auto refused = dtype_of(program);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::unsupported);
  EXPECT_NE(refused.error().message().find("bf16 and f32"), std::string::npos)
      << refused.error().message();
}

}  // namespace
}  // namespace driftwood::device
