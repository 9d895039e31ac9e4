#include "os/private_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <set>

#include "os/test_folder.h"

namespace driftwood::os {
namespace {

class APrivateFolder : public testing::Test {
 protected:
  Result<void> write(const std::string& name, const std::string& text) const {
    const std::span<const std::byte> part = std::as_bytes(std::span(text));
    return folder_.write(name, {&part, 1});
  }
  Result<std::string> read(const std::string& name, std::uint64_t most_bytes = 100) const {
    DW_TRY_ASSIGN(const auto bytes, folder_.read(name, most_bytes));
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  std::string path(const std::string& name) const { return path_ + "/" + name; }
  static mode_t mode(const std::string& path) {
    struct stat status = {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 0777;
  }
  void expect_unreadable(const std::string& name, ErrorCode code) const {
    const auto got = read(name);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), code) << got.error().message();
  }

  TestFolder above_;
  const std::string path_ = above_.path("a/b");
  const PrivateFolder folder_{path_, ".kept"};
};

TEST_F(APrivateFolder, gives_back_what_was_written_last) {
  expect_unreadable("x", ErrorCode::not_found);
  EXPECT_FALSE(std::filesystem::exists(above_.path("a"))) << "reading makes nothing";
  ASSERT_TRUE(write("x", "one"));
  ASSERT_TRUE(write("x", "two"));
  EXPECT_EQ(read("x"), "two");
  EXPECT_EQ(read("x", 3), "two");
  EXPECT_EQ(read("x", 2).error().code(), ErrorCode::limit);
}

TEST_F(APrivateFolder, is_its_owners_alone_whatever_the_umask) {
  const mode_t before = ::umask(0);
  const auto written = write("x", "bytes");
  ::umask(before);
  ASSERT_TRUE(written);
  EXPECT_EQ(mode(above_.path("a")), 0700U);
  EXPECT_EQ(mode(path_), 0700U);
  EXPECT_EQ(mode(path("x.kept")), 0600U);
}

TEST_F(APrivateFolder, reads_no_file_that_others_may_write) {
  ASSERT_TRUE(write("x", "bytes"));
  for (const mode_t others : {S_IWGRP, S_IWOTH}) {
    ASSERT_EQ(::chmod(path("x.kept").c_str(), 0600 | others), 0);
    expect_unreadable("x", ErrorCode::io);
  }
  ASSERT_EQ(::chmod(path("x.kept").c_str(), 0644), 0);
  EXPECT_EQ(read("x"), "bytes");
}

TEST_F(APrivateFolder, reads_no_file_of_another_user) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  ASSERT_TRUE(write("x", "bytes"));
  ASSERT_EQ(::chown(path("x.kept").c_str(), 1, 1), 0);
  expect_unreadable("x", ErrorCode::io);
}

TEST_F(APrivateFolder, reads_nothing_that_is_no_regular_file) {
  std::filesystem::create_directories(path("x.kept"));
  expect_unreadable("x", ErrorCode::io);
}

TEST_F(APrivateFolder, writes_nothing_where_others_may_write) {
  std::filesystem::create_directories(path_);
  for (const mode_t others : {S_IWGRP, S_IWOTH}) {
    ASSERT_EQ(::chmod(path_.c_str(), 0700 | others), 0);
    EXPECT_EQ(write("x", "bytes").error().code(), ErrorCode::io);
  }
  ASSERT_EQ(::chmod(path_.c_str(), 0700), 0);
  EXPECT_TRUE(write("x", "bytes"));
}

TEST_F(APrivateFolder, writes_nothing_into_a_folder_of_another_user) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a folder away";
  std::filesystem::create_directories(path_);
  ASSERT_EQ(::chown(path_.c_str(), 1, 1), 0);
  EXPECT_EQ(write("x", "bytes").error().code(), ErrorCode::io);
}

TEST_F(APrivateFolder, cannot_be_made_below_a_file) {
  above_.write("a", "");
  const auto written = write("x", "bytes");
  EXPECT_EQ(written.error().code(), ErrorCode::io);
  EXPECT_NE(written.error().message().find(path_), std::string::npos);
}

class DroppingTheOldest : public APrivateFolder {
 protected:
  // Files of 10 bytes, the first the oldest.
  void write_files(const std::vector<std::string>& names) const {
    const auto now = std::filesystem::file_time_type::clock::now();
    for (std::size_t i = 0; i < names.size(); ++i) {
      above_.write("a/b/" + names[i], "0123456789");
      std::filesystem::last_write_time(path(names[i]), now - std::chrono::hours(100 - i));
    }
  }
  std::set<std::string> left() const {
    std::set<std::string> names;
    for (const auto& item : std::filesystem::directory_iterator(path_)) {
      names.insert(item.path().filename());
    }
    return names;
  }
};

TEST_F(DroppingTheOldest, leaves_so_many_files) {
  write_files({"z.kept", ".driftwood-0.tmp", "y.kept", "x.kept"});
  folder_.drop_oldest(4, 1000);
  EXPECT_EQ(left().size(), 4U);
  folder_.drop_oldest(3, 1000);
  EXPECT_EQ(left(), (std::set<std::string>{".driftwood-0.tmp", "x.kept", "y.kept"}));
  folder_.drop_oldest(1, 1000);
  EXPECT_EQ(left(), std::set<std::string>{"x.kept"});
}

TEST_F(DroppingTheOldest, leaves_so_many_bytes) {
  write_files({"z.kept", "y.kept", "x.kept"});
  folder_.drop_oldest(9, 30);
  EXPECT_EQ(left().size(), 3U);
  folder_.drop_oldest(9, 29);
  EXPECT_EQ(left(), (std::set<std::string>{"x.kept", "y.kept"}));
  folder_.drop_oldest(9, 9);
  EXPECT_TRUE(left().empty());
}

TEST_F(DroppingTheOldest, passes_over_files_of_other_names) {
  write_files({"notes.txt", "kept", "x.kept"});
  folder_.drop_oldest(0, 0);
  EXPECT_EQ(left(), (std::set<std::string>{"kept", "notes.txt"}));
}

TEST_F(DroppingTheOldest, of_a_folder_that_is_not_there_does_nothing) {
  folder_.drop_oldest(0, 0);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace driftwood::os
