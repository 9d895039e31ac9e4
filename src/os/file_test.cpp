#include "os/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/test_folder.h"

namespace driftwood::os {
namespace {

constexpr std::uint64_t kMostBytes = 1 << 20;

class File : public testing::Test {
 protected:
  const std::string& write(const std::string& bytes) {
    folder_.write("file", bytes);
    return path_;
  }

  TestFolder folder_;
  const std::string path_ = folder_.path("file");
};

TEST_F(File, gives_every_byte_of_a_file_also_of_zero_bytes) {
  const std::string bytes = std::string("a\0b\n", 4);
  EXPECT_EQ(read_file(write(bytes), kMostBytes).value(), bytes);
}

TEST_F(File, gives_no_bytes_of_an_empty_file) {
  EXPECT_EQ(read_file(write(""), kMostBytes).value(), "");
  EXPECT_EQ(read_file(path_, 0).value(), "");
}

TEST_F(File, gives_a_file_of_many_pieces_whole) {
  std::string bytes;
  for (int i = 0; bytes.size() < 777'777; ++i) bytes += std::to_string(i);
  EXPECT_EQ(read_file(write(bytes), kMostBytes).value(), bytes);
}

TEST_F(File, gives_files_whose_length_the_system_does_not_know) {
  EXPECT_EQ(read_file("/dev/null", kMostBytes).value(), "");
}

TEST_F(File, takes_a_file_of_exactly_the_limit_and_refuses_one_byte_more) {
  write("12345");
  EXPECT_EQ(read_file(path_, 5).value(), "12345");
  const auto refused = read_file(path_, 4);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::limit);
  EXPECT_NE(refused.error().message().find("4 bytes"), std::string::npos);
}

TEST_F(File, stops_at_the_limit_in_an_endless_file) {
  EXPECT_EQ(read_file("/dev/zero", kMostBytes).error().code(), ErrorCode::limit);
}

TEST_F(File, refuses_a_missing_file_naming_it) {
  const auto refused = read_file(path_, kMostBytes);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::not_found);
  EXPECT_NE(refused.error().message().find(path_), std::string::npos);
}

TEST_F(File, refuses_a_file_beneath_a_file) {
  write("x");
  EXPECT_EQ(read_file(path_ + "/below", kMostBytes).error().code(), ErrorCode::not_found);
}

TEST_F(File, refuses_to_read_a_folder) {
  EXPECT_EQ(read_file(folder_.path(), kMostBytes).error().code(), ErrorCode::io);
}

TEST_F(File, refuses_a_file_without_permission) {
  if (::geteuid() == 0) GTEST_SKIP() << "The superuser may read every file.";
  ::chmod(write("x").c_str(), 0);
  EXPECT_EQ(read_file(path_, kMostBytes).error().code(), ErrorCode::io);
}

TEST_F(File, tells_files_from_folders_and_from_nothing) {
  EXPECT_FALSE(file_exists(path_));
  EXPECT_FALSE(folder_exists(path_));
  write("x");
  EXPECT_TRUE(file_exists(path_));
  EXPECT_FALSE(folder_exists(path_));
  EXPECT_FALSE(file_exists(folder_.path()));
  EXPECT_TRUE(folder_exists(folder_.path()));
  EXPECT_FALSE(file_exists(""));
}

}  // namespace
}  // namespace driftwood::os
