#include <gtest/gtest.h>

#include "device/cpu/test_conformance.h"

namespace driftwood::device::testing {
namespace {

using sdk::DType;

ConformanceCase make_rms_norm(tensor::DType dtype, std::uint32_t width,
                              std::initializer_list<std::uint32_t> rows) {
  ConformanceCase one{.name = "rms_norm " + std::to_string(width), .dtype = dtype};
  const sdk::Symbol row = one.program.symbol(100);
  const auto x = one.program.window(DType::f32, {row, width});
  const auto weight = one.program.weight("w", sdk_dtype(dtype), {width});
  one.program.rms_norm(x, weight, 1e-5, one.program.window(DType::f32, {row, width}));
  Random random(width);
  one.weights->add("w", dtype, {width}, random.floats(width));
  add_sequences(one, rows,
                [&](SequenceData& sequence) { fill_random(sequence.windows[0], random); });
  return one;
}

using RmsNormPerIsa = PerIsa;
INSTANTIATE_TEST_SUITE_P(, RmsNormPerIsa, kEveryIsa, isa_name);

TEST_P(RmsNormPerIsa, conforms_to_the_reference_with_the_same_bits_everywhere) {
  for (const tensor::DType dtype : kWeightDTypes) {
    for (const std::uint32_t width : {1u, 15u, 16u, 64u, 100u, 2049u}) {
      expect_conforms(make_rms_norm(dtype, width, {3, 0, 70, 1}), GetParam());
    }
  }
}

TEST(RmsNorm, rows_together_equal_rows_alone) {
  expect_rows_alone(make_rms_norm(tensor::DType::bf16, 100, {9}));
}

TEST_P(RmsNormPerIsa, a_row_of_zeros_stays_zero) {
  ConformanceCase one = make_rms_norm(tensor::DType::f32, 20, {2});
  std::ranges::fill(one.sequences[0].windows[0], std::byte{0});
  expect_conforms(one, GetParam());
}

}  // namespace
}  // namespace driftwood::device::testing
