#include "os/input_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "os/test_folder.h"

namespace driftwood::os {
namespace {

class InputFiles : public testing::Test {
 protected:
  std::string written(const std::string& text) { return folder.write("input", text); }
  static std::string text_of(const InputFile& file, std::uint64_t offset, std::size_t size) {
    std::string text(size, '\0');
    EXPECT_TRUE(file.read(offset, std::as_writable_bytes(std::span(text))));
    return text;
  }

  TestFolder folder;
};

TEST_F(InputFiles, gives_bytes_from_any_place) {
  const auto file = InputFile::open(written("abcdefgh"));
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->size_bytes(), 8u);
  EXPECT_EQ(text_of(*file, 0, 8), "abcdefgh");
  EXPECT_EQ(text_of(*file, 5, 3), "fgh");
  EXPECT_EQ(text_of(*file, 8, 0), "");
}

TEST_F(InputFiles, a_file_that_was_truncated_fails_the_read_and_nothing_else) {
  const std::string path = written("abcdefgh");
  const auto file = InputFile::open(path);
  ASSERT_TRUE(file);
  std::filesystem::resize_file(path, 4);
  std::string text(8, '\0');
  const auto read = file->read(0, std::as_writable_bytes(std::span(text)));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), ErrorCode::io);
  EXPECT_EQ(text_of(*file, 0, 4), "abcd");
}

TEST_F(InputFiles, says_what_cannot_be_opened) {
  EXPECT_EQ(InputFile::open(folder.path("nothing")).error().code(), ErrorCode::not_found);
  EXPECT_EQ(InputFile::open(folder.path()).error().code(), ErrorCode::io);
}

TEST_F(InputFiles, a_pipe_is_refused_without_waiting_for_a_writer) {
  const std::string path = folder.path("pipe");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(InputFile::open(path).error().code(), ErrorCode::io);
}

}  // namespace
}  // namespace driftwood::os
