// What tests compare actors by holds all that an actor is: one bit that differs in its file,
// wherever it lies, gives another actor with another digest, or none.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "actors/actor_bench.h"
#include "device/test_support.h"
#include "guest/test_support.h"
#include "support/devices.h"
#include "support/frozen_parts.h"

namespace driftwood::test {
namespace {

using device::testing::must;
using nlohmann::json;

// The file with the lowest bit of one byte of this tensor changed, and the checksums that fit.
std::vector<std::byte> with_flipped_bit(std::span<const std::byte> file, std::string_view tensor,
                                        std::uint64_t offset_bytes) {
  FrozenParts parts(file);
  parts.tensor(tensor).bytes.at(offset_bytes) ^= std::byte{1};
  return parts.file();
}

class Digest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { DW_NEED_DEVICE(GetParam()); }

  void expect_another(const ActorBench& bench, const actor::Actor& actor, std::string_view tensor,
                      std::uint64_t offset_bytes) {
    const auto bytes = freeze(actor);
    ASSERT_EQ(digest_of(*bench.thaw(must(actor::frozen::File::of(bytes)))), digest_of(actor));
    const auto changed = with_flipped_bit(bytes, tensor, offset_bytes);
    const auto file = must(actor::frozen::File::of(changed));
    EXPECT_NE(digest_of(*bench.thaw(file)), digest_of(actor)) << tensor;
  }
};

INSTANTIATE_TEST_SUITE_P(On, Digest, kEveryDevice, device_kind);

TEST_P(Digest, has_rows_memory_globals_and_texts) {
  const ActorBench bench(small_llama(), "llama", {.kind = GetParam()});
  const auto actor = bench.spawn();
  actor->send(R"({"prompt_ids":[1,2,3,4,5],"max_tokens":40,"output":"tokens"})");
  actor->send("a second one");
  must(actor->run([](std::string_view) {}, 15));  // 5 + 13 rows
  const std::uint64_t block_bytes = must(actor->snapshot()).guest.states.at(0)->block_bytes();
  expect_another(bench, *actor, "state.0", 0);
  expect_another(bench, *actor, "state.0", block_bytes + 4);  // a row of the second block
  expect_another(bench, *actor, "memory", 0);
  expect_another(bench, *actor, "memory", 100'000);
  expect_another(bench, *actor, "globals", 3);
  expect_another(bench, *actor, "texts", 0);
}

// Of rows that nobody has written, the file's bytes do not matter.
TEST_P(Digest, has_no_rows_that_are_not_live) {
  const ActorBench bench(small_llama(), "llama", {.kind = GetParam()});
  const auto actor = bench.spawn();
  actor->send(R"({"prompt_ids":[1,2,3],"max_tokens":40,"output":"tokens"})");
  must(actor->run([](std::string_view) {}, 4));
  const auto& shape = must(actor->snapshot()).guest.states.at(0)->shape();
  const std::uint64_t last_row_bytes = 15 * shape.head_dim * sizeof(float);
  const auto changed = with_flipped_bit(freeze(*actor), "state.0", last_row_bytes);
  const auto file = must(actor::frozen::File::of(changed));
  EXPECT_EQ(digest_of(*bench.thaw(file)), digest_of(*actor));
}

TEST_P(Digest, has_registers) {
  guest::test::Script script;
  script.words(guest::test::Script::kFree, {DW_F32, 2, 2, 3, 0, 0});
  script.call("state_register", {guest::test::Script::kFree});
  script.end_phase(DW_NEXT_IDLE);
  const ActorBench bench(nullptr, guest::test::wasm_of(script.wat()), {.kind = GetParam()});
  const auto actor = bench.spawn();
  must(actor->run([](std::string_view) {}));
  ASSERT_EQ(must(actor->snapshot()).guest.registers.size(), 1u);
  expect_another(bench, *actor, "register.0", 23);
}

}  // namespace
}  // namespace driftwood::test
