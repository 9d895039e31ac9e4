#include "os/mapping.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "os/process.h"
#include "os/test_folder.h"

namespace driftwood::os {
namespace {

constexpr std::uint64_t kGibibyte = std::uint64_t{1} << 30;
constexpr std::uint64_t kMegabyte = 1'000'000;

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

// A reservation that is returned at the end of the test.
struct Reservation {
  explicit Reservation(std::uint64_t size) : size_bytes(size) {
    base = reserve_address_space(size).value();
  }
  ~Reservation() { unmap(base, size_bytes); }

  std::uint64_t size_bytes;
  std::byte* base;
};

const std::uint64_t kPage = page_size_bytes();

TEST(Mapping, page_size_is_a_power_of_two_of_at_least_four_kibibytes) {
  EXPECT_GE(kPage, 4096u);
  EXPECT_EQ(kPage & (kPage - 1), 0u);
}

TEST(Reserving, takes_no_memory) {
  const std::uint64_t before = resident_bytes().value();
  Reservation reservation(4 * kGibibyte);
  EXPECT_LT(resident_bytes().value(), before + kMegabyte);
}

TEST(Reserving, faults_on_the_first_and_on_the_last_byte) {
  Reservation reservation(16 * kPage);
  EXPECT_EXIT(look(reservation.base), died_of_access, "");
  EXPECT_EXIT(touch(reservation.base + 16 * kPage - 1), died_of_access, "");
}

TEST(Reserving, refuses_nothing_parts_of_pages_and_more_than_there_is) {
  EXPECT_EQ(reserve_address_space(0).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(reserve_address_space(kPage - 1).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(reserve_address_space(kPage + 1).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(reserve_address_space(0 - kPage).error().code(), ErrorCode::out_of_memory);
  EXPECT_EQ(reserve_address_space(std::uint64_t{1} << 62).error().code(), ErrorCode::out_of_memory);
}

TEST(SharedMemoryObject, refuses_nothing_parts_of_pages_and_more_than_there_is) {
  EXPECT_EQ(SharedMemory::create(0).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(SharedMemory::create(kPage + 1).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(SharedMemory::create(0 - kPage).error().code(), ErrorCode::out_of_memory);
}

TEST(SharedMemoryObject, moves_its_descriptor) {
  SharedMemory first = SharedMemory::create(kPage).value();
  SharedMemory second = SharedMemory::create(2 * kPage).value();
  const int descriptor = first.descriptor();
  second = std::move(first);
  EXPECT_EQ(second.descriptor(), descriptor);
  EXPECT_EQ(second.size_bytes(), kPage);
  SharedMemory third(std::move(second));
  EXPECT_EQ(third.descriptor(), descriptor);
  EXPECT_EQ(second.descriptor(), -1);  // NOLINT: the moved-from state is the point here
}

TEST(ForbidAccess, makes_pages_fault_until_it_is_allowed_again) {
  Reservation reservation(4 * kPage);
  const auto memory = SharedMemory::create(4 * kPage).value();
  ASSERT_TRUE(map_at(reservation.base, memory, 0, 4 * kPage));
  ASSERT_TRUE(allow_access(reservation.base, 4 * kPage));
  reservation.base[kPage] = reservation.base[2 * kPage] = std::byte{7};
  ASSERT_TRUE(forbid_access(reservation.base + 2 * kPage, 2 * kPage));
  EXPECT_EQ(reservation.base[kPage], std::byte{7});
  EXPECT_EXIT(touch(reservation.base + 2 * kPage), died_of_access, "");
  EXPECT_EXIT(touch(reservation.base + 4 * kPage - 1), died_of_access, "");
  ASSERT_TRUE(allow_access(reservation.base + 2 * kPage, kPage));
  EXPECT_EQ(reservation.base[2 * kPage], std::byte{7});
  EXPECT_EQ(forbid_access(reservation.base, 0).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(forbid_access(reservation.base, 1).error().code(), ErrorCode::invalid_argument);
}

TEST(MapAt, is_zero_and_faults_until_access_is_allowed) {
  Reservation reservation(4 * kPage);
  const SharedMemory memory = SharedMemory::create(4 * kPage).value();
  ASSERT_TRUE(map_at(reservation.base, memory, 0, 4 * kPage));
  EXPECT_EXIT(look(reservation.base), died_of_access, "");
  ASSERT_TRUE(allow_access(reservation.base, 2 * kPage));
  for (std::uint64_t i = 0; i < 2 * kPage; ++i) ASSERT_EQ(reservation.base[i], std::byte{0});
  touch(reservation.base + 2 * kPage - 1);
  EXPECT_EXIT(look(reservation.base + 2 * kPage), died_of_access, "");
}

TEST(MapAt, takes_memory_only_when_touched) {
  Reservation reservation(kGibibyte);
  const SharedMemory memory = SharedMemory::create(kGibibyte).value();
  const std::uint64_t before = resident_bytes().value();
  ASSERT_TRUE(map_at(reservation.base, memory, 0, kGibibyte));
  ASSERT_TRUE(allow_access(reservation.base, kGibibyte));
  EXPECT_LT(resident_bytes().value(), before + kMegabyte);
  for (std::uint64_t i = 0; i < 8 * kMegabyte; i += kPage) touch(reservation.base + i);
  EXPECT_GE(resident_bytes().value(), before + 8 * kMegabyte);
}

TEST(MapAt, shows_the_same_bytes_at_two_addresses_which_live_apart) {
  const SharedMemory memory = SharedMemory::create(2 * kPage).value();
  Reservation kept(2 * kPage);
  ASSERT_TRUE(map_at(kept.base, memory, 0, 2 * kPage));
  ASSERT_TRUE(allow_access(kept.base, 2 * kPage));
  {
    Reservation gone(kPage);
    ASSERT_TRUE(map_at(gone.base, memory, kPage, kPage));
    ASSERT_TRUE(allow_access(gone.base, kPage));
    gone.base[7] = std::byte{42};
    EXPECT_EQ(kept.base[kPage + 7], std::byte{42});
    kept.base[kPage + 8] = std::byte{43};
    EXPECT_EQ(gone.base[8], std::byte{43});
  }
  EXPECT_EQ(kept.base[kPage + 7], std::byte{42});
}

TEST(MapAt, outlives_the_handle) {
  Reservation reservation(kPage);
  {
    const SharedMemory memory = SharedMemory::create(kPage).value();
    ASSERT_TRUE(map_at(reservation.base, memory, 0, kPage));
  }
  ASSERT_TRUE(allow_access(reservation.base, kPage));
  touch(reservation.base);
}

TEST(MapAt, refuses_ranges_that_are_empty_off_a_page_or_outside_the_memory) {
  Reservation reservation(8 * kPage);
  const SharedMemory memory = SharedMemory::create(4 * kPage).value();
  const std::pair<std::uint64_t, std::uint64_t> refused[] = {
      {0, 0},
      {0, kPage - 1},
      {1, kPage},
      {0, 5 * kPage},
      {4 * kPage, kPage},
      {3 * kPage, 2 * kPage},
      {0 - kPage, kPage},
      {kPage, 0 - kPage},
      {0 - kPage, 0 - kPage},
  };
  for (const auto& [offset_bytes, size_bytes] : refused) {
    const auto result = map_at(reservation.base, memory, offset_bytes, size_bytes);
    ASSERT_FALSE(result) << offset_bytes << ", " << size_bytes;
    EXPECT_EQ(result.error().code(), ErrorCode::invalid_argument);
  }
  EXPECT_EXIT(look(reservation.base), died_of_access, "");
}

TEST(AllowAccess, refuses_nothing_and_parts_of_pages) {
  Reservation reservation(kPage);
  EXPECT_EQ(allow_access(reservation.base, 0).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(allow_access(reservation.base, 1).error().code(), ErrorCode::invalid_argument);
}

class MappedFileTest : public testing::Test {
 protected:
  const std::string& write(const std::string& bytes) {
    folder_.write("file", bytes);
    return path_;
  }

  TestFolder folder_;
  const std::string path_ = folder_.path("file");
};

TEST_F(MappedFileTest, gives_the_bytes_also_after_the_name_is_gone) {
  const MappedFile file = MappedFile::open(write("0123456789")).value();
  ::unlink(path_.c_str());
  ASSERT_EQ(file.bytes().size(), 10u);
  EXPECT_EQ(file.bytes()[9], std::byte{'9'});
}

TEST_F(MappedFileTest, cannot_be_written) {
  const MappedFile file = MappedFile::open(write("0123456789")).value();
  EXPECT_EXIT(touch(const_cast<std::byte*>(file.bytes().data())), died_of_access, "");
}

TEST_F(MappedFileTest, of_an_empty_file_has_no_bytes) {
  EXPECT_TRUE(MappedFile::open(write("")).value().bytes().empty());
}

TEST_F(MappedFileTest, moves_and_unmaps_once) {
  MappedFile first = MappedFile::open(write("abc")).value();
  MappedFile second(std::move(first));
  EXPECT_TRUE(first.bytes().empty());  // NOLINT: the moved-from state is the point here
  MappedFile third = MappedFile::open(path_).value();
  third = std::move(second);
  EXPECT_EQ(third.bytes()[2], std::byte{'c'});
}

TEST_F(MappedFileTest, refuses_a_missing_file) {
  const auto refused = MappedFile::open(path_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::not_found);
  EXPECT_NE(refused.error().message().find(path_), std::string::npos);
}

TEST_F(MappedFileTest, refuses_what_is_not_a_regular_file) {
  EXPECT_EQ(MappedFile::open(folder_.path()).error().code(), ErrorCode::io);
  EXPECT_EQ(MappedFile::open("/dev/null").error().code(), ErrorCode::io);
}

TEST_F(MappedFileTest, refuses_a_pipe_without_waiting_for_a_writer) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(MappedFile::open(path_).error().code(), ErrorCode::io);
}

}  // namespace
}  // namespace driftwood::os
