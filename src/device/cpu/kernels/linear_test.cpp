#include <gtest/gtest.h>

#include "device/test_support.h"

namespace driftwood::device::testing {
namespace {

using sdk::DType;

TEST(Linear, weights_of_two_dtypes_in_one_op_are_unsupported_by_name) {
  sdk::Program program;
  const sdk::Symbol row = program.symbol(4);
  const auto x = program.window(DType::f32, {row, 8});
  const auto a = program.weight("a", DType::f32, {4, 8});
  const auto b = program.weight("b", DType::bf16, {4, 8});
  program.linear(x, {a, b},
                 {program.window(DType::f32, {row, 4}), program.window(DType::f32, {row, 4})});
  auto weights = std::make_shared<MemoryWeights>();
  weights->add("a", tensor::DType::f32, {4, 8}, std::vector<float>(32));
  weights->add("b", tensor::DType::bf16, {4, 8}, std::vector<float>(32));
  const auto device = must(open_device("cpu", {}));
  const auto executable = device->compile(decode(program), weights);
  ASSERT_FALSE(executable);
  EXPECT_EQ(executable.error().code(), ErrorCode::unsupported);
  EXPECT_NE(executable.error().message().find("Op 0 (linear)"), std::string::npos);
}

}  // namespace
}  // namespace driftwood::device::testing
