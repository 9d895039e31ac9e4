#include "os/process.h"

#include <sys/random.h>
#include <unistd.h>

#include <chrono>

#include "core/check.h"

namespace driftwood::os {
namespace {

template <typename Clock>
std::uint64_t now_ns() {
  const auto since_start = Clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(since_start).count());
}

}  // namespace

std::uint64_t monotonic_ns() {
  return now_ns<std::chrono::steady_clock>();
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
