#include "device/cpu/float_environment.h"

#include <gtest/gtest.h>

#include <cfenv>

#include "device/cpu/test_per_isa.h"
#include "device/test_case_run.h"
#include "device/test_tolerance.h"

namespace driftwood::device::testing {
namespace {

constexpr std::uint32_t kRows = 64, kWidth = 1024;  // enough for all threads

// x + y, as every element of a run by devices of one and two threads.
void expect_sum(float x, float y, float wanted) {
  ConformanceCase one{.name = "sum"};
  const auto a = one.program.window(sdk::DType::f32, {kRows, kWidth});
  const auto b = one.program.window(sdk::DType::f32, {kRows, kWidth});
  one.program.add(a, b, one.program.window(sdk::DType::f32, {kRows, kWidth}));
  SequenceData sequence = make_sequence(*decode(one.program), {});
  sequence.windows[0] = bytes_of(std::vector<float>(kRows * kWidth, x));
  sequence.windows[1] = bytes_of(std::vector<float>(kRows * kWidth, y));
  for (const unsigned threads : {1u, 2u}) {
    CaseRun run(one, threads, "");
    const Bytes sums = run.run({sequence}).front().windows[2];
    EXPECT_TRUE(sums == bytes_of(std::vector<float>(kRows * kWidth, wanted))) << threads;
  }
}

TEST(FloatEnvironment, the_callers_rounding_changes_no_bits_and_stays) {
  ASSERT_EQ(std::fesetround(FE_UPWARD), 0);
  expect_sum(1.0f, 0x1p-30f, 1.0f);
  EXPECT_EQ(std::fegetround(), FE_UPWARD);
  std::fesetround(FE_TONEAREST);
}

#if defined(__x86_64__)
TEST(FloatEnvironment, subnormal_numbers_are_kept_where_the_caller_flushes_them) {
  constexpr unsigned kFlush = 0x8040;  // FTZ and DAZ
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | kFlush);
  expect_sum(0x1p-140f, 0x1p-140f, 0x1p-139f);
  EXPECT_EQ(_mm_getcsr() & kFlush, kFlush);
  _mm_setcsr(before);
}
#endif

}  // namespace
}  // namespace driftwood::device::testing
