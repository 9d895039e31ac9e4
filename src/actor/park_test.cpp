#include <gtest/gtest.h>

#include <filesystem>

#include "actor/actor.h"
#include "core/log.h"
#include "guest/test_support.h"
#include "os/test_folder.h"

namespace driftwood::actor {
namespace {

using guest::test::Script;

// A guest that counts its messages in its memory, and writes a record for each.
class Park : public guest::test::HostedGuest {
 protected:
  static constexpr std::uint32_t kCount = Script::kFree, kRecord = Script::kFree + 64;

  Park() {
    Script script;
    script.data(kRecord, "hello");
    script.end_phase(DW_NEXT_IDLE);
    script.call("output_write", {kRecord, 5});
    script.code(
        fmt::format("(i32.store (i32.const {0}) (i32.add (i32.load (i32.const {0})) "
                    "(i32.const 1)))",
                    kCount));
    script.code("(global.set $phase (i32.const 0))");
    script.end_phase(DW_NEXT_IDLE);
    wat = script.wat();
    actor = Actor::create(services, guest::test::compile(wat).value()).value();
  }

  Status run() { return actor->run(services.write_output).value(); }
  std::int32_t count() const { return guest::test::read_word(actor->guest(), kCount); }

  os::TestFolder folder;
  const std::string path = folder.path("parked.safetensors");
  std::string wat;
  std::unique_ptr<Actor> actor;
};

TEST_F(Park, gives_the_guest_back_and_takes_it_again_for_the_next_message) {
  actor->send("one");
  run();
  ASSERT_TRUE(actor->park(path));
  EXPECT_TRUE(actor->is_parked());
  EXPECT_EQ(run(), Status::idle);
  EXPECT_TRUE(actor->is_parked()) << "there was nothing to do";
  actor->send("two");
  EXPECT_EQ(run(), Status::idle);
  EXPECT_FALSE(actor->is_parked());
  EXPECT_EQ(count(), 2);
  EXPECT_EQ(outputs.size(), 2u);
}

TEST_F(Park, logs_a_line_that_is_not_complete_once_and_whole) {
  Script script;
  script.data(kRecord, "hello\n");
  script.words(kRecord + 64, {kRecord, 3, kRecord + 3, 3});
  for (const std::uint32_t piece : {kRecord + 64, kRecord + 72}) {
    script.end_phase(DW_NEXT_IDLE);
    script.call_of("wasi_snapshot_preview1", "fd_write", {1, piece, 1, kRecord + 128});
  }
  script.end_phase(DW_NEXT_IDLE);
  actor = Actor::create(services, guest::test::compile(script.wat()).value()).value();
  std::vector<std::string> lines;
  log::configure(log::Level::debug,
                 [&lines](log::Level, std::string_view line) { lines.emplace_back(line); });
  actor->send("one");
  run();
  EXPECT_TRUE(actor->park(path));
  actor->send("two");
  run();
  log::configure(log::Level::warning, nullptr);
  EXPECT_EQ(lines, std::vector<std::string>{"guest: hello"});
}

TEST_F(Park, keeps_messages_and_records_that_wait) {
  actor->send("one");
  ASSERT_TRUE(actor->hydrate()) << "which does nothing to one that is whole";
  actor->send("two");
  ASSERT_TRUE(actor->park(path));
  actor->send("three");
  run();
  EXPECT_EQ(count(), 3);
}

TEST_F(Park, that_cannot_write_its_file_stays_as_it_was) {
  actor->send("one");
  run();
  const auto parked = actor->park(folder.path("nowhere/parked.safetensors"));
  ASSERT_FALSE(parked);
  EXPECT_EQ(parked.error().code(), ErrorCode::not_found);
  EXPECT_FALSE(actor->is_parked());
  EXPECT_EQ(count(), 1);
}

TEST_F(Park, without_its_file_says_so_and_stays_parked) {
  ASSERT_TRUE(actor->park(path));
  std::filesystem::rename(path, path + ".moved");
  const auto whole = actor->hydrate();
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().code(), ErrorCode::not_found);
  EXPECT_TRUE(actor->is_parked());
  actor->send("one");
  EXPECT_EQ(actor->run(services.write_output).error().code(), ErrorCode::not_found);
  EXPECT_FALSE(actor->is_ready()) << "until it is tried again";
  std::filesystem::rename(path + ".moved", path);
  EXPECT_EQ(run(), Status::idle);
  EXPECT_EQ(count(), 1) << "no message is lost";
}

TEST_F(Park, another_actors_file_is_not_its_own) {
  ASSERT_TRUE(actor->park(path));
  const auto other = Actor::create(services, guest::test::compile(wat).value()).value();
  other->send("one");
  ASSERT_TRUE(other->run(services.write_output));
  ASSERT_TRUE(other->park(path));
  EXPECT_EQ(actor->hydrate().error().code(), ErrorCode::corrupt);
  EXPECT_TRUE(other->hydrate());
}

}  // namespace
}  // namespace driftwood::actor
