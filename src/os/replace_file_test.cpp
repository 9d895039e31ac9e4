#include "os/replace_file.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <vector>

#include "os/file.h"
#include "os/file_faults.h"
#include "os/test_folder.h"

namespace driftwood::os {
namespace {

constexpr std::uint64_t kMostBytes = 1 << 24;

using Names = std::vector<std::string>;

class ReplaceFile : public testing::Test {
 protected:
  ~ReplaceFile() override { set_file_faults(nullptr); }

  static Result<void> replace(const std::string& path, const std::vector<std::string>& texts,
                              Durability durability = Durability::none) {
    std::vector<std::span<const std::byte>> parts;
    for (const std::string& text : texts) parts.push_back(std::as_bytes(std::span(text)));
    return replace_file(path, parts, durability);
  }

  std::string read(const std::string& path) const { return read_file(path, kMostBytes).value(); }
  std::string read() const { return read(path_); }

  Names names() const {
    Names names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  TestFolder folder_;
  const std::string path_ = folder_.path("file");
};

TEST_F(ReplaceFile, writes_the_parts_one_after_another) {
  for (const auto durability : {Durability::none, Durability::synced}) {
    ASSERT_TRUE(replace(path_, {"", "ab", "", std::string("\0c", 2), ""}, durability));
    EXPECT_EQ(read(), std::string("ab\0c", 4));
    ASSERT_TRUE(replace(path_, {"x"}, durability));
    EXPECT_EQ(read(), "x");
    EXPECT_EQ(names(), Names{"file"});
  }
}

TEST_F(ReplaceFile, writes_a_file_without_bytes) {
  folder_.write("file", "old");
  ASSERT_TRUE(replace(path_, {}));
  EXPECT_EQ(read(), "");
  ASSERT_TRUE(replace(path_, {"", ""}));
  EXPECT_EQ(read(), "");
}

TEST_F(ReplaceFile, writes_more_parts_than_the_system_takes_at_once) {
  std::vector<std::string> texts;
  std::string whole;
  for (int i = 0; i < 5000; ++i) {
    texts.push_back(i % 7 == 0 ? "" : std::to_string(i));
    whole += texts.back();
  }
  ASSERT_TRUE(replace(path_, texts));
  EXPECT_EQ(read(), whole);
}

TEST_F(ReplaceFile, goes_on_after_writes_that_took_less) {
  const std::vector<std::string> texts = {"abc", "", "d", "efghijk", "lm"};
  for (const std::uint64_t most : {1, 2, 3, 4, 5, 12, 13}) {
    const FileFaults faults = {.at_step = nullptr, .most_bytes_per_write = most};
    set_file_faults(&faults);
    ASSERT_TRUE(replace(path_, texts));
    EXPECT_EQ(read(), "abcdefghijklm") << most;
  }
}

TEST_F(ReplaceFile, goes_on_after_a_signal_in_any_step) {
  int calls = 0;
  const FileFaults faults = {
      .at_step = [&](std::string_view, bool done) { return !done && ++calls % 2 ? EINTR : 0; },
      .most_bytes_per_write = 3};
  set_file_faults(&faults);
  ASSERT_TRUE(replace(path_, {"abcdefgh"}, Durability::synced));
  EXPECT_EQ(read(), "abcdefgh");
  EXPECT_EQ(calls, 16);  // open, three writes, sync, close, rename, sync folder; each twice
}

TEST_F(ReplaceFile, has_the_mode_of_a_new_file) {
  const mode_t old_mask = ::umask(027);
  EXPECT_TRUE(replace(path_, {"x"}));
  ::umask(old_mask);
  struct stat status;
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
}

TEST_F(ReplaceFile, has_the_mode_of_the_file_that_it_replaces) {
  for (const mode_t mode : {0600, 0644, 0464}) {
    folder_.write("file", "old");
    ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
    EXPECT_TRUE(replace(path_, {"x"}));
    struct stat status;
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, mode);
  }
}

TEST_F(ReplaceFile, leaves_the_bytes_of_an_open_old_file) {
  folder_.write("file", "old");
  std::ifstream open(path_);
  ASSERT_TRUE(replace(path_, {"newer"}));
  std::string text;
  open >> text;
  EXPECT_EQ(text, "old");
}

TEST_F(ReplaceFile, replaces_what_a_symbolic_link_names_and_keeps_the_link) {
  std::filesystem::create_directory(folder_.path("below"));
  folder_.write("below/real", "old");
  std::filesystem::create_symlink("below/real", folder_.path("middle"));
  std::filesystem::create_symlink(folder_.path("middle"), path_);
  ASSERT_TRUE(replace(path_, {"new"}));
  EXPECT_TRUE(std::filesystem::is_symlink(path_));
  EXPECT_TRUE(std::filesystem::is_symlink(folder_.path("middle")));
  EXPECT_FALSE(std::filesystem::is_symlink(folder_.path("below/real")));
  EXPECT_EQ(read(folder_.path("below/real")), "new");
}

TEST_F(ReplaceFile, makes_the_file_that_a_dangling_link_names) {
  std::filesystem::create_symlink("later", path_);
  ASSERT_TRUE(replace(path_, {"new"}));
  EXPECT_EQ(read(folder_.path("later")), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(path_));
}

TEST_F(ReplaceFile, refuses_links_in_a_circle) {
  std::filesystem::create_symlink("other", path_);
  std::filesystem::create_symlink("file", folder_.path("other"));
  const auto refused = replace(path_, {"x"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::io);
  EXPECT_EQ(names().size(), 2u);
}

TEST_F(ReplaceFile, refuses_a_missing_folder_naming_it) {
  for (const auto durability : {Durability::none, Durability::synced}) {
    const auto refused = replace(folder_.path("missing/file"), {"x"}, durability);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::not_found);
    EXPECT_NE(refused.error().message().find(folder_.path("missing") + "\""), std::string::npos);
  }
  folder_.write("file", "a file");
  EXPECT_EQ(replace(path_ + "/below", {"x"}).error().code(), ErrorCode::not_found);
}

TEST_F(ReplaceFile, refuses_what_is_no_regular_file) {
  for (const std::string& path : {folder_.path(), std::string("/dev/null"), std::string(".")}) {
    const auto refused = replace(path, {"x"});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::io);
    EXPECT_NE(refused.error().message().find(path), std::string::npos);
  }
}

TEST_F(ReplaceFile, refuses_a_path_without_a_name) {
  EXPECT_EQ(replace("", {"x"}).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(replace(folder_.path("missing/"), {"x"}).error().code(), ErrorCode::invalid_argument);
}

TEST_F(ReplaceFile, refuses_a_folder_without_permission) {
  if (::geteuid() == 0) GTEST_SKIP() << "The superuser may write everywhere.";
  ::chmod(folder_.path().c_str(), 0500);
  EXPECT_EQ(replace(path_, {"x"}).error().code(), ErrorCode::io);
  ::chmod(folder_.path().c_str(), 0700);
}

TEST_F(ReplaceFile, leaves_the_old_file_alone_when_any_step_fails) {
  int left = 0;  // steps until the failure
  std::string failed;
  const FileFaults faults = {.at_step =
                                 [&](std::string_view step, bool done) {
                                   if (done || left-- > 0) return 0;
                                   failed = step;
                                   return ENOSPC;
                                 },
                             .most_bytes_per_write = 3};
  std::vector<std::string> failures;
  for (int steps = 0; steps < 8; ++steps) {
    folder_.write("file", "old");
    left = steps;
    set_file_faults(&faults);
    const auto refused = replace(path_, {"abcd", "efgh"}, Durability::synced);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::io);
    EXPECT_NE(refused.error().message().find(path_), std::string::npos);
    EXPECT_NE(refused.error().message().find("No space left on device"), std::string::npos);
    EXPECT_EQ(read(), failed == "sync folder" ? "abcdefgh" : "old") << failed;
    EXPECT_EQ(names(), Names{"file"}) << failed;
    failures.push_back(failed);
  }
  EXPECT_EQ(failures,
            (Names{"open", "write", "write", "write", "sync", "close", "rename", "sync folder"}));
}

TEST_F(ReplaceFile, passes_over_a_file_system_that_cannot_sync_a_folder) {
  const FileFaults faults = {.at_step = [](std::string_view step, bool done) {
    return step == "sync folder" && !done ? EINVAL : 0;
  }};
  set_file_faults(&faults);
  EXPECT_TRUE(replace(path_, {"x"}, Durability::synced));
}

// Writes in a process of its own, which is killed at the given call of at_step; whether it was.
bool is_killed_at(int call, const std::function<void()>& write) {
  const pid_t child = ::fork();
  if (child == 0) {
    int left = call;
    const FileFaults faults = {.at_step =
                                   [&](std::string_view, bool) {
                                     if (left-- == 0) ::kill(::getpid(), SIGKILL);
                                     return 0;
                                   },
                               .most_bytes_per_write = 1000};
    set_file_faults(&faults);
    write();
    ::_exit(0);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFSIGNALED(status);
}

TEST_F(ReplaceFile, is_the_old_file_or_the_new_one_wherever_the_process_is_killed) {
  const std::string old_bytes(5000, 'o');
  const std::string new_bytes(7500, 'n');
  for (const auto durability : {Durability::none, Durability::synced}) {
    int call = 0;
    bool was_new = false;
    for (;; ++call) {
      ASSERT_TRUE(was_new || replace(path_, {old_bytes}));
      if (!is_killed_at(call, [&] { (void)replace(path_, {new_bytes}, durability); })) break;
      const std::string bytes = read();
      EXPECT_TRUE(bytes == new_bytes || (bytes == old_bytes && !was_new)) << call;
      was_new = bytes == new_bytes;
      for (const std::string& name : names()) {
        const bool left_over = name.starts_with(".driftwood-") && name.ends_with(".tmp");
        EXPECT_TRUE(name == "file" || (left_over && name.size() == 31)) << name;
        if (left_over) std::filesystem::remove(folder_.path(name));
      }
    }
    EXPECT_TRUE(was_new);
    EXPECT_EQ(read(), new_bytes);
    // Before and after open, eight writes, close and rename, and both syncs.
    EXPECT_EQ(call, durability == Durability::none ? 22 : 26);
  }
}

}  // namespace
}  // namespace driftwood::os
