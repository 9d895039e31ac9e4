#include "actor/replay.h"

#include <gtest/gtest.h>

#include <vector>

#include "actor/freeze.h"
#include "guest/test_support.h"

namespace driftwood::actor {
namespace {

using guest::test::Script;

// A guest that keeps a time and random bits of each message in its memory.
class Replayed : public guest::test::HostedGuest {
 protected:
  static constexpr std::uint32_t kTime = Script::kFree, kBits = Script::kFree + 8;

  Replayed() {
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
    const auto actor = Actor::create(services, module).value();
    actor->send("one");
    actor->send("two");
    EXPECT_TRUE(actor->run(services.write_output, steps));
    const auto frozen = Frozen::make(*actor, {}).value();
    std::vector<std::byte> bytes(frozen->file().size_bytes());
    frozen->file().copy_to(bytes);
    return bytes;
  }

  Result<Replay> replay_of(std::span<const std::byte> bytes) {
    return replay(frozen::File::of(bytes).value(), services, module);
  }

  Script script;
  std::shared_ptr<const guest::Module> module;

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
  const auto file = frozen::File::of(bytes).value();
  const auto* memory = file.find(frozen::kMemory);
  const std::uint64_t data_begin = bytes.size() - [&] {
    std::uint64_t end = 0;
    for (const auto& [name, tensor] : file.header().tensors) end = std::max(end, tensor.end);
    return end;
  }();
  bytes[data_begin + memory->begin + Script::kFree + 512] ^= std::byte{1};
  const auto replayed = replay_of(bytes);
  ASSERT_TRUE(replayed) << replayed.error().message();
  EXPECT_TRUE(replayed->difference.contains("memory differs from byte")) << replayed->difference;
}

}  // namespace
}  // namespace driftwood::actor
