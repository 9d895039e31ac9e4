// Region::become_copy_of(), clear() and touched_pages().
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "memory/region.h"
#include "memory/window.h"
#include "os/process.h"

namespace driftwood::memory {
namespace {

using Bytes = std::vector<std::byte>;
using SharedRegion = std::shared_ptr<Region>;

constexpr std::uint64_t kPage = kWasmPageBytes;
constexpr RegionSizes kSizes = {
    .committed_bytes = 32 * kPage,  // 2 MiB
    .reserved_bytes = 64 * kPage,
    .guard_bytes = kPage,
};

SharedRegion reserve(RegionSizes sizes = kSizes) {
  return Region::reserve(sizes).value();
}

// Linux sends SIGSEGV for a page without access, macOS SIGBUS.
bool died_of_access(int status) {
  return WIFSIGNALED(status) && (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS);
}

void touch(std::byte* address) {
  *static_cast<volatile std::byte*>(address) = std::byte{1};
}

void fill(Region& region, std::uint64_t begin, std::uint64_t size_bytes, int value) {
  std::fill_n(region.base() + begin, size_bytes, std::byte(value));
}

Bytes bytes(const Region& region) {
  return Bytes(region.base(), region.base() + region.committed_bytes());
}

// A region of kSizes as a guest leaves it: code's data, a stack, a heap, and a hole of 1 MiB.
SharedRegion lived_in() {
  auto region = reserve();
  for (std::uint64_t i = 0; i < 12 * kPage; i += 8) region->base()[i] = std::byte(i / 8 % 255 + 1);
  fill(*region, 30 * kPage, 2 * kPage, 3);
  return region;
}

SharedRegion copy_of(Region& region, std::vector<WindowRange> windows = {}) {
  auto copy = reserve({region.committed_bytes(), region.reserved_bytes(), region.guard_bytes()});
  const auto copied = copy->become_copy_of(region, windows);
  EXPECT_TRUE(copied) << copied.error().message();
  return copy;
}

TEST(RegionCopy, both_sides_write_their_own_bytes) {
  const auto region = lived_in();
  const Bytes before = bytes(*region);
  const auto copy = copy_of(*region);
  EXPECT_EQ(bytes(*copy), before);
  EXPECT_EQ(bytes(*region), before);
  fill(*copy, 0, 32 * kPage, 9);
  EXPECT_EQ(bytes(*region), before);
  const auto other = copy_of(*region);
  fill(*region, 0, 32 * kPage, 8);
  EXPECT_EQ(bytes(*other), before);
  EXPECT_EQ(bytes(*copy), Bytes(32 * kPage, std::byte{9}));
}

TEST(RegionCopy, keeps_both_bases_and_hides_what_the_copy_held) {
  const auto region = lived_in();
  const auto copy = reserve();
  fill(*copy, 0, 32 * kPage, 77);  // as data segments do
  std::byte* const region_base = region->base();
  std::byte* const copy_base = copy->base();
  ASSERT_TRUE(copy->become_copy_of(*region, {}));
  EXPECT_EQ(region->base(), region_base);
  EXPECT_EQ(copy->base(), copy_base);
  EXPECT_EQ(bytes(*copy), bytes(*region));
}

TEST(RegionCopy, windows_stay_where_they_are_and_go_apart) {
  const auto region = lived_in();
  const WindowRange windows[] = {{8 * kPage, 2 * kPage, Access::read_write},
                                 {2 * kPage, kPage, Access::read},
                                 {20 * kPage, kPage, Access::read_write}};
  std::vector<Import> imports;
  for (const WindowRange& window : windows) {
    imports.push_back(Import::acquire(region, window).value());
  }
  const Bytes before = bytes(*region);
  const auto copy = copy_of(*region, {std::begin(windows), std::end(windows)});
  EXPECT_EQ(bytes(*copy), before);
  for (const Import& import : imports) {
    std::fill_n(import.data(), import.size_bytes(), std::byte{5});  // as a device does
  }
  EXPECT_EQ(bytes(*copy), before);
  const Bytes written = bytes(*region);
  for (const WindowRange& window : windows) {
    EXPECT_EQ(written[window.offset_bytes], std::byte{5});
    fill(*copy, window.offset_bytes, window.size_bytes, 6);
  }
  EXPECT_EQ(bytes(*region), written);
}

TEST(RegionCopy, is_right_after_windows_were_let_go_and_others_shared) {
  const auto region = lived_in();
  const auto first = copy_of(*region, {{4 * kPage, 2 * kPage, Access::read_write}});
  fill(*region, 4 * kPage, 2 * kPage, 50);
  const Bytes then = bytes(*region);
  // The old window is none now, and a range that is an image has become one.
  const std::vector<WindowRange> windows = {{7 * kPage, kPage, Access::read_write}};
  fill(*region, 7 * kPage, kPage, 51);
  const Bytes later = bytes(*region);
  const auto second = copy_of(*region, windows);
  EXPECT_EQ(bytes(*second), later);
  fill(*region, 4 * kPage, 4 * kPage, 52);
  EXPECT_EQ(bytes(*second), later);
  fill(*second, 0, 32 * kPage, 53);
  EXPECT_EQ(bytes(*region)[4 * kPage], std::byte{52});
  const auto third = copy_of(*region, windows);
  EXPECT_EQ(bytes(*third), bytes(*region));
  EXPECT_NE(then, later);
}

TEST(RegionCopy, grown_pages_are_each_side_s_own_and_copied_later) {
  const auto region = lived_in();
  const auto copy = copy_of(*region);
  ASSERT_TRUE(region->grow(40 * kPage));
  ASSERT_TRUE(copy->grow(48 * kPage));
  EXPECT_EQ(bytes(*region)[36 * kPage], std::byte{0});
  fill(*region, 36 * kPage, kPage, 1);
  fill(*copy, 36 * kPage, kPage, 2);
  EXPECT_EQ(bytes(*region)[36 * kPage], std::byte{1});
  const auto second = copy_of(*region), third = copy_of(*copy);
  EXPECT_EQ(bytes(*second), bytes(*region));
  EXPECT_EQ(bytes(*third), bytes(*copy));
  fill(*second, 36 * kPage, kPage, 3);
  fill(*region, 36 * kPage, kPage, 4);
  EXPECT_EQ(bytes(*second)[36 * kPage], std::byte{3});
  ASSERT_TRUE(second->grow(64 * kPage));
  EXPECT_EQ(bytes(*second)[63 * kPage], std::byte{0});
}

TEST(RegionCopy, faults_past_the_committed_prefix_on_both_sides) {
  const auto region = lived_in();
  const auto copy = copy_of(*region);
  for (const SharedRegion& one : {region, copy}) {
    touch(one->base() + 32 * kPage - 1);
    EXPECT_EXIT(touch(one->base() + 32 * kPage), died_of_access, "");
    EXPECT_EXIT(touch(one->base() + 65 * kPage - 1), died_of_access, "");
    ASSERT_TRUE(one->grow(33 * kPage));
    touch(one->base() + 33 * kPage - 1);
    EXPECT_EXIT(touch(one->base() + 33 * kPage), died_of_access, "");
    ASSERT_TRUE(one->clear());
    touch(one->base() + 33 * kPage - 1);
    EXPECT_EXIT(touch(one->base() + 33 * kPage), died_of_access, "");
  }
}

TEST(RegionCopy, a_hundred_copies_and_copies_of_copies_go_apart) {
  const auto region = lived_in();
  const Bytes before = bytes(*region);
  const std::vector<WindowRange> windows = {{kPage, kPage, Access::read_write}};
  std::vector<SharedRegion> copies;
  for (int i = 0; i < 100; ++i) {
    copies.push_back(copy_of(i < 50 ? *region : *copies[i - 50], windows));
    for (const std::uint64_t page : {0, 1, 5, 20, 31}) fill(*copies[i], page * kPage + i, 1, i);
  }
  EXPECT_EQ(bytes(*region), before);
  for (int i = 0; i < 100; ++i) {
    Bytes expected = before;
    for (const std::uint64_t page : {0, 1, 5, 20, 31}) {
      expected[page * kPage + i] = std::byte(i);
      if (i >= 50) expected[page * kPage + i - 50] = std::byte(i - 50);
    }
    ASSERT_EQ(bytes(*copies[i]), expected) << i;
  }
}

TEST(RegionCopy, outlives_what_it_was_copied_from) {
  auto region = lived_in();
  fill(*region, 31 * kPage, kPage, 9);
  const Bytes before = bytes(*region);
  auto copy = copy_of(*region, {{31 * kPage, kPage, Access::read_write}});
  const auto last = copy_of(*copy, {{31 * kPage, kPage, Access::read_write}});
  region.reset();
  EXPECT_EQ(bytes(*copy), before);
  copy.reset();
  EXPECT_EQ(bytes(*last), before);
}

TEST(RegionCopy, may_go_back_to_an_earlier_copy) {
  const auto region = lived_in();
  const Bytes before = bytes(*region);
  const auto mark = copy_of(*region);
  fill(*region, 0, 32 * kPage, 4);
  ASSERT_TRUE(region->become_copy_of(*mark, {}));
  EXPECT_EQ(bytes(*region), before);
  fill(*region, 0, kPage, 5);
  ASSERT_TRUE(region->become_copy_of(*mark, {}));
  EXPECT_EQ(bytes(*region), before);
  EXPECT_EQ(bytes(*mark), before);
}

TEST(RegionCopy, of_more_fragments_than_there_may_be_images_is_right) {
  const auto region = reserve({512 * kPage, 512 * kPage, 0});
  for (std::uint64_t i = 0; i < 512; i += 2) fill(*region, i * kPage, 1, 1);
  const Bytes before = bytes(*region);
  const auto copy = copy_of(*region);
  fill(*region, 0, 512 * kPage, 2);
  EXPECT_EQ(bytes(*copy), before);
  const auto second = copy_of(*copy);
  fill(*copy, 0, 512 * kPage, 3);
  EXPECT_EQ(bytes(*second), before);
}

TEST(RegionCopy, random_writes_copies_and_windows_keep_every_region_its_own) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto below = [&](std::uint64_t limit) { return random() % limit; };
  std::vector<SharedRegion> regions = {reserve({4 * kPage, 16 * kPage, kPage})};
  std::vector<Bytes> expected = {bytes(*regions[0])};
  for (int step = 0; step < 1000; ++step) {
    const std::size_t i = below(regions.size());
    Region& region = *regions[i];
    const std::uint64_t pages = region.committed_bytes() / kPage;
    if (below(10) == 0) {
      std::vector<WindowRange> windows;
      for (std::uint64_t page = 0; page < pages; page += 1 + below(4)) {
        if (below(2) == 0) windows.push_back({page * kPage, kPage, Access::read_write});
      }
      regions.push_back(copy_of(region, windows));
      expected.push_back(expected[i]);
    } else if (below(10) == 0 && pages < 16) {
      ASSERT_TRUE(region.grow((pages + 1) * kPage));
      expected[i].resize((pages + 1) * kPage);
    } else if (below(50) == 0 && regions.size() > 1) {
      regions.erase(regions.begin() + static_cast<std::ptrdiff_t>(i));
      expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(i));
      continue;
    } else if (below(50) == 0) {
      ASSERT_TRUE(region.clear());
      std::ranges::fill(expected[i], std::byte{0});
    } else {
      const std::uint64_t begin = below(region.committed_bytes());
      const std::uint64_t size = below(std::min(3 * kPage, region.committed_bytes() - begin)) + 1;
      fill(region, begin, size, step);
      std::fill_n(expected[i].begin() + static_cast<std::ptrdiff_t>(begin), size, std::byte(step));
    }
    if (step % 50 != 0) continue;
    for (std::size_t r = 0; r < regions.size(); ++r) ASSERT_EQ(bytes(*regions[r]), expected[r]);
  }
}

TEST(RegionCopy, refuses_itself_another_size_and_a_region_with_windows_at_a_device) {
  const auto region = lived_in();
  const Bytes before = bytes(*region);
  EXPECT_EQ(region->become_copy_of(*region, {}).error().code(), ErrorCode::invalid_argument);
  const auto longer = reserve();
  ASSERT_TRUE(longer->grow(33 * kPage));
  const auto refused = longer->become_copy_of(*region, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_argument);
  EXPECT_NE(refused.error().message().find("2097152 bytes"), std::string::npos);
  const auto copy = reserve();
  {
    const auto import = Import::acquire(copy, {0, kPage, Access::read});
    EXPECT_EQ(copy->become_copy_of(*region, {}).error().code(), ErrorCode::invalid_argument);
    EXPECT_EQ(copy->clear().error().code(), ErrorCode::invalid_argument);
  }
  EXPECT_TRUE(copy->become_copy_of(*region, {}));
  EXPECT_EQ(bytes(*region), before);
}

// Memory that this process holds for its regions: pages of shared memory, mapped or not, and pages
// that mappings of it have of their own.
std::uint64_t held_bytes() {
  constexpr std::string_view kName = "/memfd:driftwood";
  std::uint64_t sum_bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    const auto target = std::filesystem::read_symlink(entry.path(), error);
    struct stat status;
    if (error || !target.string().starts_with(kName)) continue;
    if (::stat(entry.path().c_str(), &status) == 0) {
      sum_bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
    }
  }
  std::ifstream mappings("/proc/self/smaps");
  bool is_ours = false;
  for (std::string line; std::getline(mappings, line);) {
    constexpr std::string_view kAnonymous = "Anonymous:";
    if (line.starts_with(kAnonymous)) {
      if (is_ours) sum_bytes += std::stoull(line.substr(kAnonymous.size())) * 1024;
    } else if (line.find_first_of('-') < line.find_first_of(' ')) {
      is_ours = line.find(kName) != std::string::npos;
    }
  }
  return sum_bytes;
}

class RegionMemory : public testing::Test {
 protected:
  void SetUp() override {
    if (!os::kHasCopyOnWrite) GTEST_SKIP() << "This system has no copy-on-write.";
  }
};

TEST_F(RegionMemory, a_copy_takes_that_of_the_windows_and_of_what_is_written) {
  const auto region = lived_in();
  const std::vector<WindowRange> windows = {{4 * kPage, kPage, Access::read_write}};
  const std::uint64_t before = held_bytes();
  const auto first = copy_of(*region, windows), second = copy_of(*region, windows);
  EXPECT_EQ(held_bytes() - before, 2 * kPage);
  for (const SharedRegion& one : {region, first, second}) {  // reading takes none
    for (const os::PageRange& range : one->touched_pages()) {
      const std::byte* const at = one->base() + range.offset_bytes;
      EXPECT_LT(std::count(at, at + range.size_bytes, std::byte{0}), 32 * kPage);
    }
  }
  EXPECT_EQ(held_bytes() - before, 2 * kPage);
  fill(*first, 0, 3 * kPage, 1);
  EXPECT_EQ(held_bytes() - before, 5 * kPage);
  fill(*region, 6 * kPage, 2 * kPage, 1);
  EXPECT_EQ(held_bytes() - before, 7 * kPage);
}

TEST_F(RegionMemory, what_a_copy_held_before_is_given_back) {
  const auto region = lived_in();
  const auto copy = reserve();
  const std::uint64_t before = held_bytes();
  fill(*copy, 0, 8 * kPage, 1);
  ASSERT_TRUE(copy->become_copy_of(*region, {}));
  EXPECT_EQ(held_bytes() - before, 0);
}

TEST_F(RegionMemory, the_last_one_that_maps_an_image_gives_it_back) {
  const std::uint64_t before = held_bytes();
  auto region = lived_in();
  ASSERT_TRUE(region->grow(40 * kPage));
  fill(*region, 34 * kPage, 4 * kPage, 1);
  auto copy = copy_of(*region, {{34 * kPage, 4 * kPage, Access::read_write}});
  fill(*copy, 0, 2 * kPage, 1);
  EXPECT_EQ(held_bytes() - before, (14 + 4 + 4 + 2) * kPage);
  region.reset();  // its windows go, the image stays
  EXPECT_EQ(held_bytes() - before, (14 + 4 + 2) * kPage);
  ASSERT_TRUE(copy->clear());
  EXPECT_EQ(held_bytes() - before, 0);
  EXPECT_EQ(bytes(*copy), Bytes(40 * kPage));
}

TEST_F(RegionMemory, clear_gives_it_back_and_leaves_zeros_to_write_on) {
  const std::uint64_t before = held_bytes();
  const auto region = lived_in();
  ASSERT_TRUE(region->clear());
  EXPECT_EQ(held_bytes() - before, 0);
  EXPECT_TRUE(region->touched_pages().empty());
  EXPECT_EQ(region->committed_bytes(), 32 * kPage);
  fill(*region, 5, 1, 7);
  EXPECT_EQ(region->base()[5], std::byte{7});
  EXPECT_EQ(region->base()[kPage], std::byte{0});
}

TEST_F(RegionMemory, touched_pages_are_those_that_were_written_on_either_side) {
  const std::uint64_t page = os::page_size_bytes();
  const auto region = reserve();
  fill(*region, 3 * page, 1, 1);
  fill(*region, 10 * kPage, kPage, 1);
  const std::vector<os::PageRange> before = {{3 * page, page}, {10 * kPage, kPage}};
  EXPECT_EQ(region->touched_pages(), before);
  const auto copy = copy_of(*region, {{10 * kPage, kPage, Access::read_write}});
  EXPECT_EQ(region->touched_pages(), before);
  EXPECT_EQ(copy->touched_pages(), before);
  fill(*copy, 4 * page, page, 1);
  fill(*copy, 20 * kPage, 1, 1);
  EXPECT_EQ(region->touched_pages(), before);
  EXPECT_EQ(
      copy->touched_pages(),
      (std::vector<os::PageRange>{{3 * page, 2 * page}, {10 * kPage, kPage}, {20 * kPage, page}}));
}

}  // namespace
}  // namespace driftwood::memory
