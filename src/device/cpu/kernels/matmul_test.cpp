#include <gtest/gtest.h>

#include "device/cpu/test_conformance.h"
#include "device/test_reference_run.h"

namespace driftwood::device::testing {
namespace {

using sdk::DType;

ConformanceCase make_matmul(std::uint32_t depth, std::uint32_t width,
                            std::initializer_list<std::uint32_t> rows) {
  ConformanceCase one{.name = "matmul " + std::to_string(depth) + " " + std::to_string(width)};
  const sdk::Symbol row = one.program.symbol(200);
  const auto a = one.program.window(DType::f32, {row, depth});
  const auto b = one.program.window(DType::f32, {depth, width});
  one.program.matmul(a, b, one.program.window(DType::f32, {row, width}));
  Random random(depth);
  add_sequences(one, rows, [&](SequenceData& sequence) {
    fill_random(sequence.windows[0], random);
    fill_random(sequence.windows[1], random);
  });
  return one;
}

using MatmulPerIsa = PerIsa;
INSTANTIATE_TEST_SUITE_P(, MatmulPerIsa, kEveryIsa, isa_name);

TEST_P(MatmulPerIsa, conforms_to_the_reference_with_the_same_bits_everywhere) {
  for (const std::uint32_t depth : {1u, 17u, 128u}) {
    for (const std::uint32_t width : {1u, 15u, 16u, 128u, 130u}) {
      expect_conforms(make_matmul(depth, width, {3, 0, 70, 1}), GetParam());
    }
  }
}

TEST(Matmul, rows_together_equal_rows_alone) {
  expect_rows_alone(make_matmul(31, 21, {9}));
}

TEST(Matmul, small_integers_are_exact) {
  ConformanceCase one = make_matmul(128, 128, {128});
  Random random(3);
  for (const std::size_t slot : {0, 1}) {
    const auto integers = random.indices(128 * 128, 8);
    one.sequences[0].windows[slot] = bytes_of(std::vector<float>(integers.begin(), integers.end()));
  }
  CaseRun run(one, 2, cpu::usable_isas().front());
  SequenceData wanted = one.sequences[0];
  DenseStates states;
  const auto program = decode(one.program);
  must(ReferenceRun(*program, nullptr, wanted, states, 0).run());
  expect_same_bits(run.run(one.sequences), {wanted}, "small integers");
}

}  // namespace
}  // namespace driftwood::device::testing
