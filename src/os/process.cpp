#include "os/process.h"

#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <chrono>

#include "core/check.h"
#include "os/mapping.h"

namespace driftwood::os {
namespace {

template <typename Clock>
std::uint64_t now_ns() {
  const auto since_start = Clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(since_start).count());
}

}  // namespace

std::int64_t process_id() {
  return ::getpid();
}

std::uint64_t physical_memory_bytes() {
  const auto pages = ::sysconf(_SC_PHYS_PAGES);
  DW_CHECK(pages > 0);
  return static_cast<std::uint64_t>(pages) * page_size_bytes();
}

std::uint64_t monotonic_ns() {
  return now_ns<std::chrono::steady_clock>();
}

std::uint64_t thread_cpu_ns() {
  timespec time;
  DW_CHECK(::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

std::uint64_t wall_clock_ns() {
  return now_ns<std::chrono::system_clock>();
}

std::uint64_t random_bits() {
  std::uint64_t bits;
  DW_CHECK(::getentropy(&bits, sizeof bits) == 0);
  return bits;
}

}  // namespace driftwood::os
