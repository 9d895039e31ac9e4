#include "guest/call_watch.h"

#include <gtest/gtest.h>

#include "os/process.h"

namespace driftwood::guest {
namespace {

constexpr std::uint64_t kLongNs = std::uint64_t{1} << 60;

void compute(std::uint64_t for_ns) {
  const std::uint64_t begin_ns = os::thread_cpu_ns();
  while (os::thread_cpu_ns() - begin_ns < for_ns) continue;
}

TEST(CallWatch, lets_a_call_go_on) {
  CallWatch watch(kLongNs);
  watch.begin();
  EXPECT_FALSE(watch.check());
  EXPECT_FALSE(watch.check());
  EXPECT_FALSE(watch.ending());
}

TEST(CallWatch, time_counts_from_the_first_check_of_each_call) {
  CallWatch watch(50'000'000);
  for (int call = 0; call < 2; ++call) {
    watch.begin();
    compute(60'000'000);
    EXPECT_FALSE(watch.check());
    compute(60'000'000);
    ASSERT_TRUE(watch.check());
    EXPECT_EQ(watch.ending()->code(), ErrorCode::guest_failed);
    EXPECT_EQ(watch.ending()->message(), "it computed longer than one call of a guest may (50 ms)");
  }
}

TEST(CallWatch, an_interruption_ends_this_call_and_not_the_next) {
  CallWatch watch(kLongNs);
  watch.begin();
  watch.interrupt();
  ASSERT_TRUE(watch.check());
  EXPECT_EQ(watch.ending()->message(), "it was interrupted");
  watch.begin();
  EXPECT_FALSE(watch.check());
}

TEST(CallWatch, an_interruption_before_the_call_is_forgotten) {
  CallWatch watch(kLongNs);
  watch.interrupt();
  watch.begin();
  EXPECT_FALSE(watch.check());
}

TEST(CallWatch, the_owners_error_ends_the_call_with_its_code) {
  CallWatch watch(kLongNs);
  bool ends = false;
  watch.owner = [&]() -> Result<void> {
    if (ends) return fail(ErrorCode::cancelled, "the owner is tired");
    return {};
  };
  watch.begin();
  EXPECT_FALSE(watch.check());
  ends = true;
  ASSERT_TRUE(watch.check());
  EXPECT_EQ(watch.ending()->code(), ErrorCode::cancelled);
}

}  // namespace
}  // namespace driftwood::guest
