// How close a device has to come to the references.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include "device/test_cases.h"
#include "device/test_reference_run.h"

namespace driftwood::device::testing {

// Largest difference from the reference, as a share of the largest value of the tensor. Inputs are
// converted exactly and the references compute in f64 from the same inputs, so only the order of
// sums and the device's own functions count.
struct Tolerance {
  tensor::DType dtype;  // of weights and states
  double share;
};
inline constexpr Tolerance kTolerances[] = {
    {tensor::DType::f32, 4e-6},
    {tensor::DType::bf16, 4e-6},
    {tensor::DType::f16, 4e-6},
};

inline double tolerance(tensor::DType dtype) {
  return std::ranges::find(kTolerances, dtype, &Tolerance::dtype)->share;
}

inline void expect_close(const Bytes& got, const Bytes& wanted, double share,
                         std::string_view what) {
  const auto a = values_of<float>(got), b = values_of<float>(wanted);
  double largest = 1e-30, difference = 0;
  std::size_t where = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (std::isinf(b[i]) && a[i] == b[i]) continue;
    largest = std::max(largest, std::abs(double{b[i]}));
    const double here = std::abs(double{a[i]} - b[i]);
    if (!(here <= difference)) difference = here, where = i;
  }
  EXPECT_LE(difference, share * largest) << what << ": element " << where << " of " << a.size()
                                         << " is " << a[where] << " instead of " << b[where];
}

// Results of the case's sequences from empty states against the plain references.
inline void expect_like_reference(const ConformanceCase& one,
                                  const std::vector<SequenceData>& got) {
  const auto program = decode(one.program);
  ASSERT_EQ(got.size(), one.sequences.size());
  for (std::size_t s = 0; s < got.size(); ++s) {
    SequenceData wanted = one.sequences[s];
    DenseStates states;
    must(ReferenceRun(*program, one.weights.get(), wanted, states, 0).run());
    for (std::size_t slot = 0; slot < program->windows.size(); ++slot) {
      if (!program->windows[slot].written) continue;
      const std::string what =
          one.name + ", sequence " + std::to_string(s) + ", window " + std::to_string(slot);
      if (program->tensors[program->windows[slot].tensor].dtype == tensor::DType::i32) {
        EXPECT_TRUE(got[s].windows[slot] == wanted.windows[slot]) << what << " differs";
      } else {
        expect_close(got[s].windows[slot], wanted.windows[slot], tolerance(one.dtype), what);
      }
    }
  }
}

}  // namespace driftwood::device::testing
