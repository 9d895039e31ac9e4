#include <gtest/gtest.h>

#include "device/cpu/test_conformance.h"

namespace driftwood::device::testing {
namespace {

using sdk::DType;

ConformanceCase make_gather(tensor::DType dtype, std::uint32_t width, bool from_window,
                            std::initializer_list<std::uint32_t> rows) {
  constexpr std::uint32_t kCount = 23;
  ConformanceCase one{.name = "gather_rows " + std::to_string(width), .dtype = dtype};
  const sdk::Symbol row = one.program.symbol(100);
  const auto ids = one.program.window(DType::i32, {row});
  const auto out = one.program.window(DType::f32, {row, width});
  const auto table = from_window ? one.program.window(sdk_dtype(dtype), {kCount, width})
                                 : one.program.weight("t", sdk_dtype(dtype), {kCount, width});
  one.program.gather_rows(table, ids, out);
  Random random(width);
  one.weights->add("t", dtype, {kCount, width}, random.floats(kCount * width));
  add_sequences(one, rows, [&](SequenceData& sequence) {
    sequence.windows[0] = bytes_of(random.indices(sequence.symbols[0], kCount));
    if (from_window) sequence.windows[2] = encode(dtype, random.floats(kCount * width));
  });
  return one;
}

using GatherRowsPerIsa = PerIsa;
INSTANTIATE_TEST_SUITE_P(, GatherRowsPerIsa, kEveryIsa, isa_name);

TEST_P(GatherRowsPerIsa, conforms_to_the_reference_with_the_same_bits_everywhere) {
  for (const tensor::DType dtype : kWeightDTypes) {
    for (const std::uint32_t width : {1u, 15u, 16u, 100u}) {
      expect_conforms(make_gather(dtype, width, false, {3, 0, 70, 1}), GetParam());
      expect_conforms(make_gather(dtype, width, true, {3, 0, 70, 1}), GetParam());
    }
  }
}

TEST(GatherRows, rows_together_equal_rows_alone) {
  expect_rows_alone(make_gather(tensor::DType::f16, 20, false, {9}));
}

TEST(GatherRows, ids_outside_the_table_fail_the_run_by_name) {
  for (const std::int32_t id : {-1, 23, 1 << 30, -(1 << 30)}) {
    ConformanceCase one = make_gather(tensor::DType::f32, 16, false, {3});
    one.sequences[0].windows[0] = bytes_of(std::vector<std::int32_t>{1, id, 2});
    CaseRun run(one, 1, cpu::usable_isas().front());
    const auto failed = testing::run(run.device(), run.executable(), one.sequences);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code(), ErrorCode::invalid_argument);
    EXPECT_EQ(failed.error().message(),
              "Op 0 (gather_rows): Index " + std::to_string(id) + " is not between 0 and 22.");
  }
}

}  // namespace
}  // namespace driftwood::device::testing
