#include <gtest/gtest.h>

#include "device/cpu/test_conformance.h"

namespace driftwood::device::testing {
namespace {

using sdk::DType;

ConformanceCase make_add(std::uint32_t width, std::initializer_list<std::uint32_t> rows) {
  ConformanceCase one{.name = "add " + std::to_string(width)};
  const sdk::Symbol row = one.program.symbol(100);
  const auto a = one.program.window(DType::f32, {row, width});
  const auto b = one.program.window(DType::f32, {row, width});
  one.program.add(a, b, one.program.window(DType::f32, {row, width}));
  Random random(width);
  add_sequences(one, rows, [&](SequenceData& sequence) {
    fill_random(sequence.windows[0], random);
    fill_random(sequence.windows[1], random);
  });
  return one;
}

using AddPerIsa = PerIsa;
INSTANTIATE_TEST_SUITE_P(, AddPerIsa, kEveryIsa, isa_name);

TEST_P(AddPerIsa, conforms_to_the_reference_with_the_same_bits_everywhere) {
  for (const std::uint32_t width : {1u, 15u, 16u, 33u, 1024u, 3001u}) {
    expect_conforms(make_add(width, {3, 0, 70, 1}), GetParam());
  }
}

TEST(Add, rows_together_equal_rows_alone) {
  expect_rows_alone(make_add(37, {9}));
}

TEST_P(AddPerIsa, adds_scalars_and_tensors_of_constant_shape) {
  ConformanceCase one{.name = "add of constants"};
  const auto a = one.program.window(DType::f32, {});
  one.program.add(a, a, one.program.window(DType::f32, {}));
  const auto b = one.program.window(DType::f32, {2, 3, 5});
  one.program.add(b, b, one.program.window(DType::f32, {2, 3, 5}));
  Random random(1);
  one.sequences.push_back(make_sequence(*decode(one.program), {}));
  fill_random(one.sequences[0].windows[0], random);
  fill_random(one.sequences[0].windows[2], random);
  expect_conforms(one, GetParam());
}

}  // namespace
}  // namespace driftwood::device::testing
