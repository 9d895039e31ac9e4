#include "os/process.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <thread>
#include <vector>

#include "os/file.h"

#if defined(__linux__)
#include <sched.h>
#endif

namespace driftwood::os {
namespace {

TEST(Process, may_use_a_sensible_number_of_processors) {
  EXPECT_GE(available_processor_count(), 1u);
  EXPECT_LE(available_processor_count(), 1u << 20);
}

#if defined(__linux__)
TEST(Process, processor_count_follows_the_affinity_mask) {
  cpu_set_t before;
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  int first = 0;
  while (!CPU_ISSET(first, &before)) ++first;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  if (::sched_setaffinity(0, sizeof one, &one) != 0) GTEST_SKIP() << "The mask cannot be changed.";
  EXPECT_EQ(available_processor_count(), 1u);
  ASSERT_EQ(::sched_setaffinity(0, sizeof before, &before), 0);
}
#endif

TEST(Process, the_processor_has_a_name_of_one_line) {
  const std::string name = processor_name();
  EXPECT_FALSE(name.empty());
  EXPECT_EQ(name.find('\n'), std::string::npos);
}

TEST(Process, resident_memory_grows_by_what_is_touched) {
  constexpr std::uint64_t kBytes = 16 << 20;
  const std::uint64_t before = resident_bytes().value();
  ASSERT_GT(before, 0u);
  const std::vector<char> touched(kBytes, 1);
  EXPECT_GE(resident_bytes().value(), before + kBytes) << touched.back();
}

TEST(Process, the_program_lies_in_its_folder) {
  EXPECT_TRUE(file_exists(program_folder().value() + "/os_test"));
}

TEST(Process, the_machine_has_more_memory_than_this_process_takes) {
  EXPECT_GT(physical_memory_bytes(), resident_bytes().value());
}

TEST(Process, monotonic_clock_never_goes_back) {
  std::uint64_t last = monotonic_ns();
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t now = monotonic_ns();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(Process, processor_time_passes_in_work_and_not_in_sleep) {
  const std::uint64_t begin_ns = thread_cpu_ns();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const std::uint64_t slept_ns = thread_cpu_ns();
  EXPECT_LT(slept_ns - begin_ns, 100'000'000u);
  while (thread_cpu_ns() == slept_ns) continue;
}

TEST(Process, wall_clock_is_after_2024) {
  EXPECT_GT(wall_clock_ns(), 1'704'000'000'000'000'000u);
}

TEST(Process, random_bits_do_not_repeat) {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(random_bits()).second);
}

}  // namespace
}  // namespace driftwood::os
