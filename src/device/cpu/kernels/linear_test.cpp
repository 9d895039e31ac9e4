#include <gtest/gtest.h>

#include "device/cpu/test_conformance.h"

namespace driftwood::device::testing {
namespace {

using sdk::DType;

ConformanceCase make_linear(tensor::DType dtype, std::uint32_t depth,
                            const std::vector<std::uint32_t>& widths,
                            std::initializer_list<std::uint32_t> rows) {
  ConformanceCase one{.name = "linear " + std::to_string(depth), .dtype = dtype};
  const sdk::Symbol row = one.program.symbol(100);
  const auto x = one.program.window(DType::f32, {row, depth});
  Random random(depth);
  std::vector<sdk::Tensor> weights, outs;
  for (const std::uint32_t width : widths) {
    const std::string name = "w" + std::to_string(weights.size());
    weights.push_back(one.program.weight(name, sdk_dtype(dtype), {width, depth}));
    outs.push_back(one.program.window(DType::f32, {row, width}));
    one.weights->add(name, dtype, {width, depth}, random.floats(std::size_t{width} * depth));
  }
  one.program.linear(x, weights, outs);
  add_sequences(one, rows,
                [&](SequenceData& sequence) { fill_random(sequence.windows[0], random); });
  return one;
}

using LinearPerIsa = PerIsa;
INSTANTIATE_TEST_SUITE_P(, LinearPerIsa, kEveryIsa, isa_name);

TEST_P(LinearPerIsa, conforms_to_the_reference_with_the_same_bits_everywhere) {
  for (const tensor::DType dtype : kWeightDTypes) {
    for (const std::uint32_t depth : {1u, 15u, 16u, 33u, 200u, 512u}) {
      expect_conforms(make_linear(dtype, depth, {37}, {3, 0, 70, 1}), GetParam());
    }
  }
}

TEST_P(LinearPerIsa, one_row_conforms_at_widths_around_the_blocks) {
  for (const std::uint32_t width : {1u, 3u, 4u, 7u, 15u, 16u, 17u, 300u}) {
    expect_conforms(make_linear(tensor::DType::bf16, 130, {width}, {1}), GetParam());
  }
}

TEST_P(LinearPerIsa, up_to_four_weights_of_different_widths_share_an_input) {
  expect_conforms(make_linear(tensor::DType::f32, 64, {64, 16}, {5, 1}), GetParam());
  expect_conforms(make_linear(tensor::DType::f16, 48, {5, 1, 33, 16}, {26, 2}), GetParam());
}

TEST(Linear, rows_together_equal_rows_alone) {
  for (const tensor::DType dtype : kWeightDTypes) {
    expect_rows_alone(make_linear(dtype, 100, {21}, {70}));
    expect_rows_alone(make_linear(dtype, 64, {40, 8}, {2, 3, 5, 25}));
  }
}

TEST_P(LinearPerIsa, sequences_of_one_row_each_equal_each_alone) {
  expect_conforms(make_linear(tensor::DType::f32, 100, {50}, {1, 1, 1, 1, 1}), GetParam());
}

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
