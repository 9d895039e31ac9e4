#include "actor/replay.h"

#include <gtest/gtest.h>

#include <vector>

#include "actor/test_frozen.h"

namespace driftwood::actor {
namespace {

// A guest that keeps a time and random bits of each message in its memory.
class Replayed : public test::FrozenActor {
 protected:
  static constexpr std::uint32_t kTime = Script::kFree, kBits = Script::kFree + 8,
                                 kShape = Script::kFree + 64;

  Replayed() {
    script.words(kShape, {DW_F32, 2, 1, 4, 64, 7, 8});
    const auto gone = script.call("state_append", {kShape});
    const auto state = script.call("state_append", {kShape});
    script.call("state_tokens", {state, 0, kShape + 20, 2});
    script.call("release", {gone});
    script.call("release", {99});
    script.end_phase(DW_NEXT_IDLE);
    script.call("now", {kTime});
    script.call("random_seed", {kBits});
    script.end_phase(DW_NEXT_CONTINUE);
    script.code("(global.set $phase (i32.const 0))");
    script.end_phase(DW_NEXT_IDLE);
    // A host whose answers are never the same.
    services.now_ns = [this] { return ++asked_ * 1000; };
    services.random_bits = [this] { return ++asked_ * 0x9e3779b97f4a7c15; };
  }

  std::vector<std::byte> freeze_after(std::uint64_t steps) {
    module = guest::test::compile(script.wat()).value();
    const auto actor = spawn();
    actor->send("one");
    actor->send("two");
    EXPECT_TRUE(actor->run(services.write_output, steps));
    return freeze(*actor);
  }

  Result<Replay> replay_of(std::span<const std::byte> bytes) {
    return replay(frozen::File::of(bytes).value(), services, module);
  }

  void expect_difference(std::span<const std::byte> bytes, std::string_view words) {
    const auto replayed = replay_of(bytes);
    ASSERT_TRUE(replayed) << replayed.error().message();
    EXPECT_TRUE(replayed->difference.contains(words)) << replayed->difference;
    EXPECT_EQ(replayed->difference.empty(), words.empty()) << replayed->difference;
  }

  Script script;

 private:
  std::uint64_t asked_ = 0;
};

TEST_F(Replayed, with_the_times_and_random_bits_of_its_file_it_is_the_same) {
  for (std::uint64_t steps = 0; steps < 6; ++steps) {
    const auto bytes = freeze_after(steps);
    const auto replayed = replay_of(bytes);
    ASSERT_TRUE(replayed) << replayed.error().message();
    EXPECT_EQ(replayed->difference, "") << "after " << steps << " steps";
    EXPECT_EQ(replayed->calls, steps == 0 ? 0 : steps - 1);
  }
}

TEST_F(Replayed, a_byte_that_no_guest_wrote_is_found) {
  auto bytes = freeze_after(3);
  tensor_in(bytes, frozen::kMemory)[Script::kFree + 512] ^= std::byte{1};
  expect_difference(bytes, "memory differs from byte");
}

TEST_F(Replayed, what_is_not_in_its_memory_is_compared_too) {
  const auto bytes = freeze_after(3);
  const auto file = frozen::File::of(bytes).value();
  const std::size_t sentence = file.descriptor().error_text.bytes.size();
  const auto text_of = [](std::string_view key, std::size_t at, std::size_t size) {
    return fmt::format(R"(\"{}\":[{},{}])", key, at, size);
  };
  const auto expect_after = [&](std::string_view from, std::string_view to,
                                std::string_view words) {
    expect_difference(with_its_checksums(replaced(bytes, from, to)), words);
  };
  expect_after(text_of("error_text", 0, sentence), text_of("error_text", 0, sentence - 1), "error");
  expect_after(text_of("message", sentence, 3), text_of("message", sentence, 2), "message");
  expect_after(R"(\"kind\":\"state\",\"number\":2)", R"(\"kind\":\"state\",\"number\":1)",
               "handle");
  // A byte that belonged to a message that waits.
  const auto shorter =
      replaced(bytes, text_of("text", sentence + 3, 3), text_of("text", sentence + 3, 2));
  expect_difference(with_its_checksums(replaced(shorter, text_of("standard_error", sentence, 0),
                                                text_of("standard_error", sentence, 1))),
                    "line");
  auto renamed = bytes;
  tensor_in(renamed, "state.0.tokens")[0] ^= std::byte{1};
  expect_difference(with_its_checksums(renamed), "tokens of state 0");
}

TEST_F(Replayed, windows_and_what_is_bound_are_compared_too) {
  module = compile_guest();
  const auto actor = spawn();
  EXPECT_TRUE(actor->run(services.write_output));
  const auto bytes = freeze(*actor);
  expect_difference(bytes, "");
  const auto expect_after = [&](std::string_view from, std::string_view to,
                                std::string_view words) {
    expect_difference(with_its_checksums(replaced(bytes, from, to)), words);
  };
  expect_after(R"(\"bytes\":65536,\"offset\":262144)", R"(\"bytes\":65536,\"offset\":327680)",
               "window");
  expect_after(R"({\"offset\":64,\"window\":0})", R"({\"offset\":68,\"window\":0})", "graph");
}

}  // namespace
}  // namespace driftwood::actor
