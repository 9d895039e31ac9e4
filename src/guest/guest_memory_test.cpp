#include "guest/guest_memory.h"

#include <gtest/gtest.h>

namespace driftwood::guest {
namespace {

constexpr std::uint32_t kBytes = 65536;
constexpr std::uint64_t kReserved = std::uint64_t{4} << 30;

GuestMemory make_memory(std::uint64_t committed_bytes = kBytes) {
  return GuestMemory(
      memory::Region::reserve(
          {.committed_bytes = committed_bytes, .reserved_bytes = kReserved, .guard_bytes = 65536})
          .value());
}

TEST(GuestMemory, gives_the_bytes_in_place) {
  const GuestMemory memory = make_memory();
  const auto bytes = memory.bytes(5, 10);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(bytes->data(), memory.region()->base() + 5);
  EXPECT_EQ(bytes->size(), 10u);
}

TEST(GuestMemory, takes_every_pair_that_ends_at_the_end) {
  const GuestMemory memory = make_memory();
  EXPECT_TRUE(memory.bytes(0, kBytes));
  EXPECT_TRUE(memory.bytes(kBytes - 1, 1));
  EXPECT_TRUE(memory.bytes(kBytes, 0));
  EXPECT_TRUE(memory.bytes(0, 0));
}

TEST(GuestMemory, refuses_pairs_that_leave_the_memory) {
  const GuestMemory memory = make_memory();
  const std::pair<std::uint32_t, std::uint64_t> kPairs[] = {{kBytes, 1},
                                                            {kBytes - 1, 2},
                                                            {0, kBytes + 1},
                                                            {kBytes + 1, 0},
                                                            {0xffffffff, 0},
                                                            {0xffffffff, 1},
                                                            {0xffffffff, 2},
                                                            {1, 0xffffffff},
                                                            {2, 0xfffffffe},
                                                            {0, 0xffffffff},
                                                            {0, std::uint64_t{0} - 1},
                                                            {1, std::uint64_t{0} - 1},
                                                            {kBytes, std::uint64_t{0} - kBytes}};
  for (const auto& [pointer, size] : kPairs) {
    const auto bytes = memory.bytes(pointer, size);
    ASSERT_FALSE(bytes) << pointer << " " << size;
    EXPECT_EQ(bytes.error().code(), ErrorCode::invalid_argument);
  }
}

TEST(GuestMemory, follows_growth) {
  const GuestMemory memory = make_memory();
  EXPECT_FALSE(memory.bytes(kBytes, 1));
  ASSERT_TRUE(memory.region()->grow(2 * kBytes));
  EXPECT_TRUE(memory.bytes(kBytes, kBytes));
  EXPECT_FALSE(memory.bytes(kBytes, kBytes + 1));
}

TEST(GuestMemory, without_a_region_only_nothing_fits) {
  const GuestMemory memory;
  EXPECT_TRUE(memory.bytes(0, 0));
  EXPECT_FALSE(memory.bytes(0, 1));
}

TEST(GuestMemory, counts_of_records_do_not_wrap) {
  const GuestMemory memory = make_memory();
  EXPECT_FALSE(memory.read_array<std::uint64_t>(0, 0x20000000));  // 2^32 bytes
  EXPECT_FALSE(memory.read_array<std::uint64_t>(0, 0xffffffff));
  EXPECT_TRUE(memory.read_array<std::uint64_t>(0, kBytes / 8));
  EXPECT_FALSE(memory.read_array<std::uint64_t>(1, kBytes / 8));
}

TEST(GuestMemory, records_may_lie_at_any_address) {
  const GuestMemory memory = make_memory();
  ASSERT_TRUE(memory.write<std::uint64_t>(3, 0x1122334455667788));
  EXPECT_EQ(memory.read<std::uint64_t>(3), 0x1122334455667788u);
  EXPECT_FALSE(memory.write<std::uint64_t>(kBytes - 7, 0));
  EXPECT_TRUE(memory.write<std::uint64_t>(kBytes - 8, 0));
}

TEST(GuestMemory, write_prefix_gives_the_whole_size) {
  const GuestMemory memory = make_memory();
  EXPECT_EQ(memory.write_prefix(0, 0, "hello"), 5u);
  EXPECT_EQ(memory.write_prefix(0, 2, "hello"), 5u);
  EXPECT_EQ(memory.text(0, 3), std::string_view("he\0", 3));
  EXPECT_EQ(memory.write_prefix(kBytes - 5, 5, "hello"), 5u);
  EXPECT_EQ(memory.write_prefix(0, 100, ""), 0u);
  EXPECT_FALSE(memory.write_prefix(kBytes - 5, 6, "hello"));
}

}  // namespace
}  // namespace driftwood::guest
