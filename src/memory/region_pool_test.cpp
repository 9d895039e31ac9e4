#include "memory/region_pool.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>

#include "memory/window.h"

namespace driftwood::memory {
namespace {

constexpr std::uint64_t kPage = kWasmPageBytes;
constexpr RegionSizes kSizes = {
    .committed_bytes = 4 * kPage, .reserved_bytes = 256 * kPage, .guard_bytes = kPage};

// Linux sends SIGSEGV for a page without access, macOS SIGBUS.
bool died_of_access(int status) {
  return WIFSIGNALED(status) && (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS);
}

void touch(std::byte* address) {
  *static_cast<volatile std::byte*>(address) = std::byte{1};
}

bool is_zero(const Region& region) {
  return std::ranges::all_of(region.bytes(), [](std::byte b) { return b == std::byte{0}; });
}

class RegionPoolTest : public testing::Test {
 protected:
  std::shared_ptr<Region> reserve(RegionSizes sizes = kSizes) {
    return pool_->reserve(sizes).value();
  }
  std::shared_ptr<Region> filled() {
    auto region = reserve();
    std::ranges::fill(region->bytes(), std::byte{7});
    return region;
  }

  std::shared_ptr<RegionPool> pool_ = RegionPool::create();
};

TEST_F(RegionPoolTest, gives_a_region_again_without_its_bytes) {
  std::byte* const base = filled()->base();
  ASSERT_EQ(pool_->kept_count(), 1u);
  const auto again = reserve();
  EXPECT_EQ(again->base(), base);
  EXPECT_EQ(pool_->kept_count(), 0u);
  EXPECT_TRUE(is_zero(*again));
}

TEST_F(RegionPoolTest, faults_past_the_new_prefix_where_the_earlier_one_was_longer) {
  auto first = filled();
  ASSERT_TRUE(first->grow(8 * kPage));
  std::ranges::fill(first->bytes(), std::byte{7});
  std::byte* const base = first->base();
  first.reset();
  const auto again = reserve({2 * kPage, kSizes.reserved_bytes, kSizes.guard_bytes});
  ASSERT_EQ(again->base(), base);
  EXPECT_EQ(again->committed_bytes(), 2 * kPage);
  EXPECT_EXIT(touch(base + 2 * kPage), died_of_access, "");
  EXPECT_EXIT(touch(base + 8 * kPage - 1), died_of_access, "");
  ASSERT_TRUE(again->grow(16 * kPage));
  EXPECT_TRUE(is_zero(*again));
  touch(base + 16 * kPage - 1);
}

TEST_F(RegionPoolTest, keeps_no_region_that_shares_an_image) {
  auto source = filled();
  auto copy = reserve();
  ASSERT_TRUE(copy->become_copy_of(*source, {}));
  source.reset();
  EXPECT_EQ(pool_->kept_count(), 0u);
  const auto other = reserve();
  std::ranges::fill(other->bytes(), std::byte{9});
  EXPECT_EQ(copy->bytes()[0], std::byte{7});
  copy.reset();
  EXPECT_EQ(pool_->kept_count(), 0u);
}

TEST_F(RegionPoolTest, keeps_neither_large_regions_nor_many) {
  auto large = reserve();
  ASSERT_TRUE(large->grow(RegionPool::kMostBytesOfOne + kPage));
  std::ranges::fill(large->bytes(), std::byte{7});
  large.reset();
  EXPECT_EQ(pool_->kept_count(), 0u);
  std::vector<std::shared_ptr<Region>> many(2 * RegionPool::kMostKept);
  for (auto& region : many) region = filled();
  many.clear();
  EXPECT_EQ(pool_->kept_count(), RegionPool::kMostKept);
}

TEST_F(RegionPoolTest, gives_no_region_of_other_sizes) {
  std::byte* const base = filled()->base();
  EXPECT_NE(reserve({kPage, 128 * kPage, kPage})->base(), base);
  EXPECT_NE(reserve({kPage, 256 * kPage, 2 * kPage})->base(), base);
}

TEST_F(RegionPoolTest, refuses_what_a_region_refuses_also_when_one_is_kept) {
  filled();
  for (const std::uint64_t committed_bytes : {kPage + 1, kPage - 4096, 257 * kPage}) {
    EXPECT_EQ(
        pool_->reserve({committed_bytes, kSizes.reserved_bytes, kSizes.guard_bytes}).error().code(),
        ErrorCode::invalid_argument);
    filled();
  }
}

TEST_F(RegionPoolTest, a_region_may_outlive_the_pool_s_creator) {
  const auto region = filled();
  pool_.reset();
  EXPECT_EQ(region->bytes()[0], std::byte{7});
}

TEST(RegionZero, makes_all_bytes_zero_also_of_a_copy_and_leaves_its_source) {
  const auto region = Region::reserve(kSizes).value();
  std::ranges::fill(region->bytes(), std::byte{7});
  const auto copy = Region::reserve(kSizes).value();
  ASSERT_TRUE(copy->become_copy_of(*region, {}));
  ASSERT_TRUE(copy->zero());
  EXPECT_TRUE(is_zero(*copy));
  EXPECT_EQ(region->bytes()[5], std::byte{7});
  ASSERT_TRUE(region->zero());
  EXPECT_TRUE(is_zero(*region));
  region->bytes()[9] = std::byte{1};
  ASSERT_TRUE(region->zero());
  EXPECT_TRUE(is_zero(*region));
}

}  // namespace
}  // namespace driftwood::memory
