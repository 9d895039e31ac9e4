#include <gtest/gtest.h>

#include "device/cpu/test_conformance.h"

namespace driftwood::device::testing {
namespace {

using sdk::DType;

ConformanceCase make_swiglu(std::uint32_t width, std::initializer_list<std::uint32_t> rows,
                            float scale) {
  ConformanceCase one{.name = "swiglu " + std::to_string(width)};
  const sdk::Symbol row = one.program.symbol(100);
  const auto gate = one.program.window(DType::f32, {row, width});
  const auto up = one.program.window(DType::f32, {row, width});
  one.program.swiglu(gate, up, one.program.window(DType::f32, {row, width}));
  Random random(width);
  add_sequences(one, rows, [&](SequenceData& sequence) {
    fill_random(sequence.windows[0], random, scale);
    fill_random(sequence.windows[1], random);
  });
  return one;
}

using SwigluPerIsa = PerIsa;
INSTANTIATE_TEST_SUITE_P(, SwigluPerIsa, kEveryIsa, isa_name);

TEST_P(SwigluPerIsa, conforms_to_the_reference_with_the_same_bits_everywhere) {
  for (const std::uint32_t width : {1u, 15u, 16u, 33u, 1024u, 3001u}) {
    expect_conforms(make_swiglu(width, {3, 0, 70, 1}, 3), GetParam());
  }
}

TEST_P(SwigluPerIsa, holds_at_the_ends_of_exp) {
  expect_conforms(make_swiglu(200, {5}, 100), GetParam());
}

TEST(Swiglu, rows_together_equal_rows_alone) {
  expect_rows_alone(make_swiglu(37, {9}, 3));
}

}  // namespace
}  // namespace driftwood::device::testing
