#include "os/copy_on_write.h"

#include <gtest/gtest.h>

namespace driftwood::os {
namespace {

const std::uint64_t kPage = page_size_bytes();

void touch(std::byte* address, int value = 1) {
  *static_cast<volatile std::byte*>(address) = std::byte(value);
}

// Sixteen pages of shared memory, mapped twice: shared and as a copy.
class CopyOnWrite : public testing::Test {
 protected:
  static constexpr std::uint64_t kPages = 16;

  void SetUp() override {
    if (!kHasCopyOnWrite) GTEST_SKIP() << "This system has no copy-on-write of shared memory.";
    ASSERT_TRUE(map_at(shared_, memory_, 0, kPages * kPage));
    ASSERT_TRUE(allow_access(shared_, kPages * kPage));
  }
  ~CopyOnWrite() override {
    unmap(shared_, kPages * kPage);
    unmap(copy_, kPages * kPage);
  }

  void map_copy() { ASSERT_TRUE(map_copy_at(copy_, memory_, {0, kPages * kPage})); }

  SharedMemory memory_ = SharedMemory::create(kPages * kPage).value();
  std::byte* shared_ = reserve_address_space(kPages * kPage).value();
  std::byte* copy_ = reserve_address_space(kPages * kPage).value();
};

TEST_F(CopyOnWrite, shows_the_bytes_and_keeps_what_it_writes_to_itself) {
  touch(shared_ + 3 * kPage, 7);
  map_copy();
  EXPECT_EQ(copy_[3 * kPage], std::byte{7});
  touch(copy_ + 3 * kPage, 8);
  touch(copy_ + 5 * kPage, 9);
  EXPECT_EQ(shared_[3 * kPage], std::byte{7});
  EXPECT_EQ(shared_[5 * kPage], std::byte{0});
  EXPECT_EQ(copy_[3 * kPage], std::byte{8});
}

TEST_F(CopyOnWrite, tells_the_pages_that_were_written_and_not_those_that_were_read) {
  for (std::uint64_t i = 0; i < kPages; ++i) touch(shared_ + i * kPage);
  map_copy();
  EXPECT_TRUE(written_ranges(copy_, kPages * kPage).empty());
  for (std::uint64_t i = 0; i < kPages; ++i) ASSERT_EQ(copy_[i * kPage], std::byte{1});
  EXPECT_TRUE(written_ranges(copy_, kPages * kPage).empty());
  for (const std::uint64_t page : {0, 3, 4, 15}) touch(copy_ + page * kPage);
  EXPECT_EQ(written_ranges(copy_, kPages * kPage),
            (std::vector<PageRange>{{0, kPage}, {3 * kPage, 2 * kPage}, {15 * kPage, kPage}}));
  EXPECT_EQ(written_ranges(copy_ + 4 * kPage, 2 * kPage), (std::vector<PageRange>{{0, kPage}}));
}

TEST_F(CopyOnWrite, tells_written_pages_of_a_mapping_of_any_length) {
  constexpr std::uint64_t kMany = 1500;
  const SharedMemory memory = SharedMemory::create(kMany * kPage).value();
  std::byte* const copy = reserve_address_space(kMany * kPage).value();
  ASSERT_TRUE(map_copy_at(copy, memory, {0, kMany * kPage}));
  for (const std::uint64_t page : {511, 512, 1023, 1499}) touch(copy + page * kPage);
  EXPECT_EQ(written_ranges(copy, kMany * kPage),
            (std::vector<PageRange>{
                {511 * kPage, 2 * kPage}, {1023 * kPage, kPage}, {1499 * kPage, kPage}}));
  unmap(copy, kMany * kPage);
}

TEST_F(CopyOnWrite, data_is_found_page_by_page_and_cut_to_what_was_asked_for) {
  EXPECT_TRUE(data_ranges(memory_, {0, kPages * kPage}).empty());
  for (const std::uint64_t page : {2, 3, 4, 9}) touch(shared_ + page * kPage);
  EXPECT_EQ(data_ranges(memory_, {0, kPages * kPage}),
            (std::vector<PageRange>{{2 * kPage, 3 * kPage}, {9 * kPage, kPage}}));
  EXPECT_EQ(data_ranges(memory_, {3 * kPage, kPage}), (std::vector<PageRange>{{3 * kPage, kPage}}));
  EXPECT_TRUE(data_ranges(memory_, {5 * kPage, 4 * kPage}).empty());
  EXPECT_TRUE(data_ranges(memory_, {2 * kPage, 0}).empty());
}

TEST_F(CopyOnWrite, pages_can_be_written_also_from_a_mapping_of_the_same_memory) {
  for (std::uint64_t i = 0; i < 4; ++i) touch(shared_ + i * kPage, 7);
  ASSERT_TRUE(write_pages(memory_, 8 * kPage, {shared_, 4 * kPage}));
  EXPECT_EQ(shared_[11 * kPage], std::byte{7});
  EXPECT_EQ(data_ranges(memory_, {0, kPages * kPage}),
            (std::vector<PageRange>{{0, 4 * kPage}, {8 * kPage, 4 * kPage}}));
}

TEST_F(CopyOnWrite, what_is_discarded_is_a_hole_again) {
  for (std::uint64_t i = 0; i < kPages; ++i) touch(shared_ + i * kPage);
  discard(memory_, {kPage, 14 * kPage});
  EXPECT_EQ(data_ranges(memory_, {0, kPages * kPage}),
            (std::vector<PageRange>{{0, kPage}, {15 * kPage, kPage}}));
  EXPECT_EQ(shared_[7 * kPage], std::byte{0});
}

TEST_F(CopyOnWrite, refuses_ranges_that_are_empty_off_a_page_or_outside_the_memory) {
  const PageRange refused[] = {
      {0, 0},
      {0, kPage - 1},
      {1, kPage},
      {0, 17 * kPage},
      {16 * kPage, kPage},
      {15 * kPage, 2 * kPage},
      {0 - kPage, kPage},
      {kPage, 0 - kPage},
  };
  for (const PageRange& range : refused) {
    const auto result = map_copy_at(copy_, memory_, range);
    ASSERT_FALSE(result) << range.offset_bytes << ", " << range.size_bytes;
    EXPECT_EQ(result.error().code(), ErrorCode::invalid_argument);
    const auto written = write_pages(memory_, range.offset_bytes, {shared_, range.size_bytes});
    ASSERT_FALSE(written) << range.offset_bytes << ", " << range.size_bytes;
    EXPECT_EQ(written.error().code(), ErrorCode::invalid_argument);
  }
}

}  // namespace
}  // namespace driftwood::os
