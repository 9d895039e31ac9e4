#include "device/host_pool.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "device/test_support.h"

namespace driftwood::device {
namespace {

using testing::must;

constexpr std::uint64_t kSize = 256 << 10;

TEST(HostPool, hands_out_memory_of_a_buffer_that_went_and_only_for_the_same_size) {
  const auto pool = HostPool::create();
  const std::byte* const first = must(pool->allocate(kSize, Filling::any))->contents();
  EXPECT_EQ(pool->kept_bytes(), kSize);
  const auto other = must(pool->allocate(kSize + 1, Filling::any));
  EXPECT_EQ(pool->kept_bytes(), kSize);
  const auto again = must(pool->allocate(kSize, Filling::any));
  EXPECT_EQ(again->contents(), first);
  EXPECT_EQ(pool->kept_bytes(), 0u);
  EXPECT_NE(must(pool->allocate(kSize, Filling::any))->contents(), first);
}

TEST(HostPool, still_has_the_others_when_one_was_taken) {
  const auto pool = HostPool::create();
  std::map<std::uint64_t, const std::byte*> places;
  {
    std::vector<std::unique_ptr<Buffer>> buffers;
    for (std::uint64_t size_bytes = kSize; size_bytes < kSize + 5; ++size_bytes) {
      buffers.push_back(must(pool->allocate(size_bytes, Filling::any)));
      places[size_bytes] = buffers.back()->contents();
    }
  }
  std::vector<std::unique_ptr<Buffer>> buffers;
  for (const std::uint64_t size_bytes : {kSize + 2, kSize, kSize + 4, kSize + 1, kSize + 3}) {
    buffers.push_back(must(pool->allocate(size_bytes, Filling::any)));
    EXPECT_EQ(buffers.back()->contents(), places[size_bytes]);
  }
  EXPECT_EQ(pool->kept_bytes(), 0u);
}

TEST(HostPool, memory_that_is_asked_for_as_zero_holds_nothing_of_an_earlier_buffer) {
  const auto pool = HostPool::create();
  {
    const auto buffer = must(pool->allocate(kSize, Filling::any));
    std::fill_n(buffer->contents(), kSize, std::byte{7});
  }
  const auto buffer = must(pool->allocate(kSize, Filling::zeros));
  for (std::uint64_t i = 0; i < kSize; ++i) ASSERT_EQ(buffer->contents()[i], std::byte{0}) << i;
}

TEST(HostPool, keeps_neither_small_buffers_nor_huge_ones) {
  const auto pool = HostPool::create();
  must(pool->allocate(HostPool::kLeastKeptBytes - 1, Filling::zeros));
  must(pool->allocate(HostPool::kMostKeptBytes + 1, Filling::any));
  EXPECT_EQ(pool->kept_bytes(), 0u);
  must(pool->allocate(HostPool::kLeastKeptBytes, Filling::any));
  EXPECT_EQ(pool->kept_bytes(), HostPool::kLeastKeptBytes);
  must(pool->allocate(HostPool::kMostKeptBytes, Filling::any));
  EXPECT_EQ(pool->kept_bytes(), HostPool::kMostKeptBytes);
}

TEST(HostPool, keeps_no_more_than_its_limit_and_gives_up_the_oldest) {
  const auto pool = HostPool::create();
  must(pool->allocate(2 * kSize, Filling::any));  // the oldest
  std::vector<std::unique_ptr<Buffer>> buffers;
  for (std::uint64_t i = 0; i < HostPool::kMostKeptBytes / kSize; ++i) {
    buffers.push_back(must(pool->allocate(kSize, Filling::any)));
  }
  buffers.resize(buffers.size() - 2);
  EXPECT_EQ(pool->kept_bytes(), 4 * kSize);
  buffers.clear();
  EXPECT_EQ(pool->kept_bytes(), HostPool::kMostKeptBytes);
  const auto buffer = must(pool->allocate(2 * kSize, Filling::any));
  EXPECT_EQ(pool->kept_bytes(), HostPool::kMostKeptBytes);
}

TEST(HostPool, buffers_of_random_sizes_never_share_bytes) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto pool = HostPool::create();
  std::vector<std::pair<std::unique_ptr<Buffer>, std::byte>> buffers;
  for (int i = 0; i < 2000; ++i) {
    if (buffers.size() < 40 && random() % 2 == 0) {
      const std::uint64_t size_bytes = kSize + random() % 4 * 4096;
      const auto mark = std::byte(random() % 256);
      buffers.emplace_back(must(pool->allocate(size_bytes, Filling::any)), mark);
      buffers.back().first->contents()[0] = mark;
      buffers.back().first->contents()[size_bytes - 1] = mark;
    } else if (!buffers.empty()) {
      const std::size_t at = random() % buffers.size();
      const auto& [buffer, mark] = buffers[at];
      ASSERT_EQ(buffer->contents()[0], mark);
      ASSERT_EQ(buffer->contents()[buffer->size_bytes() - 1], mark);
      buffers.erase(buffers.begin() + static_cast<std::ptrdiff_t>(at));
    }
    ASSERT_LE(pool->kept_bytes(), HostPool::kMostKeptBytes);
  }
}

TEST(HostPool, lives_as_long_as_its_buffers) {
  auto pool = HostPool::create();
  const std::weak_ptr<HostPool> seen = pool;
  auto buffer = must(pool->allocate(kSize, Filling::zeros));
  pool.reset();
  EXPECT_FALSE(seen.expired());
  buffer.reset();
  EXPECT_TRUE(seen.expired());
}

TEST(HostPool, refuses_more_than_any_machine_has) {
  EXPECT_EQ(HostPool::create()->allocate(~std::uint64_t{0}, Filling::any).error().code(),
            ErrorCode::out_of_memory);
}

}  // namespace
}  // namespace driftwood::device
