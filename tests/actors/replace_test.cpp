// A freeze that is cut short at any of its steps, by the end of its process or by the system,
// leaves the old file or the new one, and that thaws to the actor that it was made of.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "actors/actor_bench.h"
#include "device/test_support.h"
#include "os/file_faults.h"
#include "os/replace_file.h"
#include "os/test_folder.h"

namespace driftwood::test {
namespace {

using device::testing::must;
using os::Durability;

class Replacing : public testing::TestWithParam<Durability> {
 protected:
  Replacing() : bench_(model::make_seeded_llama(7), "llama"), actor_(bench_.spawn()) {
    actor_->send(nlohmann::json{{"prompt_ids", {1, 17, 300, 4}},
                                {"max_tokens", 8},
                                {"ignore_eos", true},
                                {"output", "tokens"}}
                     .dump());
    step(3);
  }
  ~Replacing() override { os::set_file_faults(nullptr); }

  void step(std::uint64_t count) {
    must(actor_->run([](std::string_view) {}, count));
  }

  Result<void> save() const {
    DW_TRY_ASSIGN(const auto frozen, actor::Frozen::make(*actor_, {}));
    return os::replace_file(path_, frozen->file().parts(), GetParam());
  }

  // The digest of the actor that the file gives, every checksum of it compared.
  std::uint64_t digest_of_file() const {
    const auto file = must(actor::frozen::File::open(path_));
    const auto whole = file.verify_checksums();
    EXPECT_TRUE(whole) << whole.error().message();
    return digest_of(*bench_.thaw(file));
  }

  std::set<std::string> names() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      names.insert(entry.path().filename().string());
    }
    return names;
  }

  static constexpr std::uint64_t kBytesPerWrite = 100'000;  // so that there are some ten writes

  ActorBench bench_;
  std::unique_ptr<actor::Actor> actor_;
  os::TestFolder folder_;
  const std::string path_ = folder_.path("conversation");
};

// Whether a process that saves was killed at this call of at_step.
bool is_killed_at(int call, const std::function<Result<void>()>& save, std::uint64_t most_bytes) {
  const pid_t child = ::fork();
  if (child == 0) {
    int left = call;
    const os::FileFaults faults = {.at_step =
                                       [&](std::string_view, bool) {
                                         if (left-- == 0) ::kill(::getpid(), SIGKILL);
                                         return 0;
                                       },
                                   .most_bytes_per_write = most_bytes};
    os::set_file_faults(&faults);
    ::_exit(save() ? 0 : 1);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
  return WIFSIGNALED(status);
}

TEST_P(Replacing, wherever_the_process_is_killed_the_file_is_the_old_one_or_the_new_one) {
  must(save());
  const std::uint64_t old_digest = digest_of(*actor_);
  ASSERT_EQ(digest_of_file(), old_digest);
  step(2);
  const std::uint64_t new_digest = digest_of(*actor_);
  ASSERT_NE(new_digest, old_digest);

  int call = 0, old_files = 0;
  for (; is_killed_at(call, [this] { return save(); }, kBytesPerWrite); ++call) {
    const std::uint64_t digest = digest_of_file();
    ASSERT_TRUE(digest == old_digest || digest == new_digest) << "call " << call;
    // Once it is the new one, it stays so: each of these calls lies behind the rename.
    if (digest == old_digest) {
      ASSERT_EQ(++old_files, call + 1);
    }
    for (const std::string& name : names()) {
      if (name == "conversation") continue;
      EXPECT_TRUE(name.starts_with(".driftwood-") && name.ends_with(".tmp")) << name;
      std::filesystem::remove(folder_.path(name));
    }
  }
  EXPECT_EQ(digest_of_file(), new_digest);
  // Before and after open, each write, close and rename, and both syncs.
  const auto writes =
      static_cast<int>((std::filesystem::file_size(path_) - 1) / kBytesPerWrite + 1);
  EXPECT_GT(writes, 5);
  EXPECT_GE(call, 2 * (3 + writes) + (GetParam() == Durability::synced ? 4 : 0));
  EXPECT_EQ(old_files, call - (GetParam() == Durability::synced ? 3 : 1));
}

TEST_P(Replacing, a_full_disk_at_any_step_leaves_the_old_file_alone) {
  must(save());
  const std::uint64_t old_digest = digest_of(*actor_);
  step(2);

  std::string failed;
  for (int steps = 0;; ++steps) {
    int left = steps;
    failed.clear();
    const os::FileFaults faults = {.at_step =
                                       [&](std::string_view step, bool done) {
                                         if (done || left-- != 0) return 0;
                                         failed = step;
                                         return ENOSPC;
                                       },
                                   .most_bytes_per_write = kBytesPerWrite};
    os::set_file_faults(&faults);
    const auto saved = save();
    os::set_file_faults(nullptr);
    EXPECT_EQ(names(), std::set<std::string>{"conversation"}) << failed;
    if (failed.empty()) {
      EXPECT_TRUE(saved);
      break;
    }
    ASSERT_FALSE(saved) << failed;
    EXPECT_EQ(saved.error().code(), ErrorCode::io);
    EXPECT_NE(saved.error().message().find("No space left on device"), std::string::npos);
    // The last step comes behind the rename.
    EXPECT_EQ(digest_of_file(), failed == "sync folder" ? digest_of(*actor_) : old_digest)
        << failed;
  }
  EXPECT_EQ(digest_of_file(), digest_of(*actor_));
}

INSTANTIATE_TEST_SUITE_P(Durabilities, Replacing,
                         testing::Values(Durability::none, Durability::synced),
                         [](const auto& durability) {
                           return durability.param == Durability::synced ? "synced" : "not_synced";
                         });

}  // namespace
}  // namespace driftwood::test
