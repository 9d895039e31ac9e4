#include "memory/region.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <limits>
#include <random>

#include "os/process.h"

namespace driftwood::memory {
namespace {

constexpr std::uint64_t kMegabyte = 1'000'000;
constexpr std::uint64_t kGibibyte = std::uint64_t{1} << 30;
constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

// Four Wasm pages, two of them committed, and one of guard.
constexpr RegionSizes kSmall = {
    .committed_bytes = 2 * kWasmPageBytes,
    .reserved_bytes = 4 * kWasmPageBytes,
    .guard_bytes = kWasmPageBytes,
};

// Linux sends SIGSEGV for a page without access, macOS SIGBUS.
bool died_of_access(int status) {
  return WIFSIGNALED(status) && (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS);
}

void touch(std::byte* address) {
  *static_cast<volatile std::byte*>(address) = std::byte{1};
}

void look(const std::byte* address) {
  (void)*static_cast<const volatile std::byte*>(address);
}

ErrorCode refusal(RegionSizes sizes) {
  const auto region = Region::reserve(sizes);
  EXPECT_FALSE(region);
  return region ? ErrorCode::cancelled : region.error().code();
}

TEST(Region, commits_a_prefix_of_zeros) {
  const auto region = Region::reserve(kSmall).value();
  EXPECT_EQ(region->committed_bytes(), 2 * kWasmPageBytes);
  EXPECT_EQ(region->reserved_bytes(), 4 * kWasmPageBytes);
  EXPECT_EQ(region->guard_bytes(), kWasmPageBytes);
  ASSERT_EQ(region->bytes().size(), 2 * kWasmPageBytes);
  EXPECT_EQ(region->bytes().data(), region->base());
  for (const std::byte byte : region->bytes()) ASSERT_EQ(byte, std::byte{0});
  touch(region->base());
  touch(region->base() + 2 * kWasmPageBytes - 1);
}

TEST(Region, faults_one_byte_past_the_committed_prefix) {
  const auto region = Region::reserve(kSmall).value();
  EXPECT_EXIT(look(region->base() + 2 * kWasmPageBytes), died_of_access, "");
  EXPECT_EXIT(touch(region->base() + 2 * kWasmPageBytes), died_of_access, "");
}

TEST(Region, faults_in_all_of_the_reserved_part_and_of_the_guard) {
  const auto region = Region::reserve(kSmall).value();
  for (const std::uint64_t offset :
       {4 * kWasmPageBytes - 1, 4 * kWasmPageBytes, 5 * kWasmPageBytes - 1}) {
    EXPECT_EXIT(look(region->base() + offset), died_of_access, "") << offset;
  }
}

TEST(Region, faults_in_the_guard_also_when_fully_grown) {
  const auto region = Region::reserve(kSmall).value();
  ASSERT_TRUE(region->grow(4 * kWasmPageBytes));
  touch(region->base() + 4 * kWasmPageBytes - 1);
  EXPECT_EXIT(touch(region->base() + 4 * kWasmPageBytes), died_of_access, "");
}

TEST(Region, takes_the_sizes_of_a_32_bit_memory_and_no_memory_for_them) {
  const std::uint64_t before = os::resident_bytes().value();
  const auto region = Region::reserve({.committed_bytes = 1024 * kWasmPageBytes,
                                       .reserved_bytes = 4 * kGibibyte,
                                       .guard_bytes = 32 << 20})
                          .value();
  EXPECT_LT(os::resident_bytes().value(), before + kMegabyte);
  ASSERT_TRUE(region->grow(4 * kGibibyte));
  EXPECT_LT(os::resident_bytes().value(), before + kMegabyte);
  touch(region->base() + 4 * kGibibyte - 1);
  EXPECT_EXIT(touch(region->base() + 4 * kGibibyte), died_of_access, "");
}

TEST(Region, may_begin_without_committed_bytes) {
  const auto region = Region::reserve({0, kWasmPageBytes, 0}).value();
  EXPECT_TRUE(region->bytes().empty());
  EXPECT_EXIT(look(region->base()), died_of_access, "");
  ASSERT_TRUE(region->grow(kWasmPageBytes));
  touch(region->base());
}

TEST(Region, gives_address_space_and_memory_back) {
  const std::uint64_t before = os::resident_bytes().value();
  // Far more than the address space could hold at once.
  for (int i = 0; i < 100; ++i) {
    const auto region = Region::reserve({64 * kWasmPageBytes, 4096 * kGibibyte, 0}).value();
    for (int page = 0; page < 64; ++page) touch(region->base() + page * kWasmPageBytes);
  }
  EXPECT_LT(os::resident_bytes().value(), before + 2 * kMegabyte);
}

TEST(Region, two_regions_do_not_share_bytes) {
  const auto first = Region::reserve(kSmall).value();
  auto second = Region::reserve(kSmall).value();
  first->base()[0] = std::byte{1};
  EXPECT_EQ(second->base()[0], std::byte{0});
  second.reset();
  EXPECT_EQ(first->base()[0], std::byte{1});
}

TEST(Region, refuses_sizes_off_a_page) {
  EXPECT_EQ(refusal({kWasmPageBytes + 1, 4 * kWasmPageBytes, 0}), ErrorCode::invalid_argument);
  EXPECT_EQ(refusal({kWasmPageBytes - 1, 4 * kWasmPageBytes, 0}), ErrorCode::invalid_argument);
  EXPECT_EQ(refusal({0, kWasmPageBytes + 1, 0}), ErrorCode::invalid_argument);
  EXPECT_EQ(refusal({0, kWasmPageBytes + os::page_size_bytes(), 0}), ErrorCode::invalid_argument);
  EXPECT_EQ(refusal({0, kWasmPageBytes, 1}), ErrorCode::invalid_argument);
  EXPECT_EQ(refusal({0, kWasmPageBytes, os::page_size_bytes() - 1}), ErrorCode::invalid_argument);
}

TEST(Region, guard_may_be_a_single_page_of_the_system) {
  EXPECT_TRUE(Region::reserve({0, kWasmPageBytes, os::page_size_bytes()}));
}

TEST(Region, refuses_to_reserve_nothing) {
  EXPECT_EQ(refusal({0, 0, 0}), ErrorCode::invalid_argument);
  EXPECT_EQ(refusal({0, 0, kWasmPageBytes}), ErrorCode::invalid_argument);
}

TEST(Region, refuses_to_commit_more_than_is_reserved) {
  EXPECT_EQ(refusal({2 * kWasmPageBytes, kWasmPageBytes, 0}), ErrorCode::invalid_argument);
}

TEST(Region, refuses_sizes_whose_sum_overflows) {
  const std::uint64_t huge = kMost - kWasmPageBytes + 1;
  EXPECT_EQ(refusal({0, huge, kWasmPageBytes}), ErrorCode::invalid_argument);
  EXPECT_EQ(refusal({0, kWasmPageBytes, huge}), ErrorCode::invalid_argument);
  EXPECT_EQ(refusal({0, huge, huge}), ErrorCode::invalid_argument);
}

TEST(Region, reports_address_space_that_the_system_refuses) {
  EXPECT_EQ(refusal({0, std::uint64_t{1} << 62, 0}), ErrorCode::out_of_memory);
  EXPECT_EQ(refusal({0, std::uint64_t{1} << 63, 0}), ErrorCode::out_of_memory);
  EXPECT_EQ(refusal({0, kWasmPageBytes, std::uint64_t{1} << 63}), ErrorCode::out_of_memory);
}

TEST(RegionGrow, keeps_the_base_and_the_bytes) {
  const auto region = Region::reserve(kSmall).value();
  std::byte* const base = region->base();
  for (std::byte& byte : region->bytes()) byte = std::byte{7};
  ASSERT_TRUE(region->grow(3 * kWasmPageBytes));
  EXPECT_EQ(region->base(), base);
  EXPECT_EQ(region->committed_bytes(), 3 * kWasmPageBytes);
  for (std::uint64_t i = 0; i < 3 * kWasmPageBytes; ++i) {
    ASSERT_EQ(base[i], std::byte(i < 2 * kWasmPageBytes ? 7 : 0));
  }
  EXPECT_EXIT(look(base + 3 * kWasmPageBytes), died_of_access, "");
}

TEST(RegionGrow, to_the_present_size_changes_nothing) {
  const auto region = Region::reserve(kSmall).value();
  EXPECT_TRUE(region->grow(2 * kWasmPageBytes));
  EXPECT_EQ(region->committed_bytes(), 2 * kWasmPageBytes);
  EXPECT_EXIT(look(region->base() + 2 * kWasmPageBytes), died_of_access, "");
}

TEST(RegionGrow, reaches_the_limit_and_not_past_it) {
  const auto region = Region::reserve(kSmall).value();
  ASSERT_TRUE(region->grow(4 * kWasmPageBytes));
  const auto refused = region->grow(5 * kWasmPageBytes);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::limit);
  EXPECT_NE(refused.error().message().find("262144 bytes"), std::string::npos);
  EXPECT_EQ(region->committed_bytes(), 4 * kWasmPageBytes);
}

TEST(RegionGrow, refuses_to_shrink) {
  const auto region = Region::reserve(kSmall).value();
  EXPECT_EQ(region->grow(kWasmPageBytes).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(region->grow(0).error().code(), ErrorCode::invalid_argument);
  touch(region->base() + 2 * kWasmPageBytes - 1);
}

TEST(RegionGrow, refuses_sizes_off_a_wasm_page_also_on_a_page_of_the_system) {
  const auto region = Region::reserve(kSmall).value();
  for (const std::uint64_t bytes :
       {2 * kWasmPageBytes + 1, 2 * kWasmPageBytes + os::page_size_bytes(), 4 * kWasmPageBytes - 1,
        kMost}) {
    EXPECT_EQ(region->grow(bytes).error().code(), ErrorCode::invalid_argument) << bytes;
  }
  EXPECT_EQ(region->grow(kMost - kWasmPageBytes + 1).error().code(), ErrorCode::limit);
  EXPECT_EQ(region->committed_bytes(), 2 * kWasmPageBytes);
}

TEST(RegionGrow, keeps_every_promise_in_random_order) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  constexpr std::uint64_t kPages = 64;
  const auto region = Region::reserve({0, kPages * kWasmPageBytes, kWasmPageBytes}).value();
  std::byte* const base = region->base();
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t before = region->committed_bytes();
    const std::uint64_t wanted = before + random() % 4 * kWasmPageBytes / (1 + random() % 4);
    const bool allowed = wanted % kWasmPageBytes == 0 && wanted <= region->reserved_bytes();
    ASSERT_EQ(region->grow(wanted).has_value(), allowed) << before << " to " << wanted;
    ASSERT_EQ(region->committed_bytes(), allowed ? wanted : before);
    ASSERT_EQ(region->base(), base);
    if (region->committed_bytes() == 0) continue;
    touch(base + region->committed_bytes() - 1);
  }
}

}  // namespace
}  // namespace driftwood::memory
