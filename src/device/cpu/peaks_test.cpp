#include "device/cpu/peaks.h"

#include <gtest/gtest.h>

#include <vector>

namespace driftwood::device::cpu {
namespace {

TEST(Peaks, reading_sees_every_byte_once_whatever_the_streams) {
  for (const Isa isa : usable_isas()) {
    for (const std::size_t size : {0u, 1u, 127u, 4096u, 5001u}) {
      std::vector<std::byte> bytes(size);
      for (const unsigned streams : kReadStreams) {
        ASSERT_EQ(read_all(isa, bytes, streams), 0u);
        for (std::size_t i = 0; i < size; ++i) {
          bytes[i] = std::byte{1};
          ASSERT_NE(read_all(isa, bytes, streams), 0u) << name(isa) << ", byte " << i;
          bytes[i] = std::byte{0};
        }
      }
    }
  }
}

TEST(Peaks, multiply_adds_are_counted_and_done) {
  for (const Isa isa : usable_isas()) {
    std::uint64_t done = 5;
    const float sum = multiply_add(isa, 4'000'000, done);
    EXPECT_GE(done, 4'000'005u);
    EXPECT_LT(done, 4'001'000u);
    // Each of twelve chains tends to term / (1 - factor) = 1, wherever it began.
    EXPECT_NEAR(sum, 12.0f, 0.01f) << name(isa);
  }
}

}  // namespace
}  // namespace driftwood::device::cpu
