#include <gtest/gtest.h>

#include "device/test_case_run.h"
#include "device/test_reference_run.h"

namespace driftwood::device::testing {
namespace {

TEST(Matmul, small_integers_are_exact) {
  CaseMaker make("matmul", "small integers");
  const auto a = make.floats({128, 128}), b = make.floats({128, 128});
  make.program().matmul(a, b, make.result({128, 128}));
  ConformanceCase one = make.sequences({0});
  for (const std::size_t slot : {0, 1}) {
    const auto integers = make.random().indices(128 * 128, 8);
    one.sequences[0].windows[slot] = bytes_of(std::vector<float>(integers.begin(), integers.end()));
  }
  CaseRun run(one, 2, "");
  SequenceData wanted = one.sequences[0];
  DenseStates states;
  const auto program = decode(one.program);
  must(ReferenceRun(*program, nullptr, wanted, states, 0).run());
  expect_same_bits(run.run(one.sequences), {wanted}, "small integers");
}

}  // namespace
}  // namespace driftwood::device::testing
