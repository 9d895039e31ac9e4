#include "device/vulkan/executable.h"

#include <gtest/gtest.h>

#include "device/test_support.h"

namespace driftwood::device::vulkan {
namespace {

using namespace testing;
using sdk::DType;

class VulkanExecutableTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto device = open_device("vulkan", checked_options());
    if (!device) GTEST_SKIP() << device.error().message();
    device_ = *std::move(device);
  }

  std::unique_ptr<Device> device_;
};

TEST_F(VulkanExecutableTest, an_op_with_weights_of_two_dtypes_is_unsupported_and_named) {
  auto weights = std::make_shared<MemoryWeights>();
  weights->add("a", tensor::DType::bf16, {8, 8}, std::vector<float>(64));
  weights->add("b", tensor::DType::f32, {8, 8}, std::vector<float>(64));
  sdk::Program program;
  const auto x = program.window(DType::f32, {4, 8});
  const auto y = program.add(x, x);
  program.linear(
      y, {program.weight("a", DType::bf16, {8, 8}), program.weight("b", DType::f32, {8, 8})});
  const auto refused = device_->compile(decode(program), weights);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::unsupported);
  EXPECT_TRUE(refused.error().message().starts_with("Op 1 (linear): "))
      << refused.error().message();
}

TEST_F(VulkanExecutableTest, tensors_over_what_kernels_count_are_unsupported_with_their_shape) {
  // Rows are counted in 31 bits over as many sequences as a submission has.
  for (const std::uint32_t rows : {1u << 24, (1u << 24) - 1}) {
    sdk::Program program;
    const sdk::Symbol row = program.symbol(rows);
    const auto x = program.window(DType::f32, {row, 1});
    program.add(x, x, program.window(DType::f32, {row, 1}));
    const auto compiled = device_->compile(decode(program), nullptr);
    EXPECT_EQ(compiled.has_value(), rows < 1u << 24);
    if (compiled) continue;
    EXPECT_EQ(compiled.error().code(), ErrorCode::unsupported);
    EXPECT_NE(compiled.error().message().find("than GPU kernels count"), std::string::npos)
        << compiled.error().message();
  }
}

TEST_F(VulkanExecutableTest, temporaries_over_the_limit_of_a_run_are_refused_when_it_is_submitted) {
  sdk::Program program;
  const sdk::Symbol row = program.symbol(1 << 20);
  const auto x = program.window(DType::f32, {row, 4});
  const auto wide = program.window(DType::f32, {4, 1 << 12});
  const auto product = program.matmul(x, wide);
  program.add(product, product);
  const auto executable = must(device_->compile(decode(program), nullptr));
  const auto buffer = must(device_->allocate(std::uint64_t{17} << 20));
  const auto submit = [&](std::uint32_t rows) {
    const Sequence sequence = {{rows}, {{buffer.get(), 0}, {buffer.get(), 0}}, {}};
    return device_->submit(executable, std::span(&sequence, 1));
  };
  const auto refused = submit(1 << 20);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::limit) << refused.error().message();
  EXPECT_NE(refused.error().message().find("are over the limit"), std::string::npos)
      << refused.error().message();
  must(device_->wait(must(submit(3)), kPatienceNs));
}

}  // namespace
}  // namespace driftwood::device::vulkan
