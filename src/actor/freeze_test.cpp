#include "actor/freeze.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "actor/frozen_file.h"
#include "actor/test_frozen.h"

namespace driftwood::actor {
namespace {

class Freeze : public test::FrozenActor {
 protected:
  // The file's numbers of the pages that it holds.
  static std::vector<std::uint32_t> pages_of(const frozen::File& file) {
    const auto* tensor = file.find(frozen::kMemoryPages);
    std::vector<std::uint32_t> pages(tensor->shape[0]);
    EXPECT_TRUE(file.read(*tensor, 0, std::as_writable_bytes(std::span(pages))));
    return pages;
  }
};

TEST_F(Freeze, changes_nothing_and_gives_the_same_bytes_again) {
  const auto actor = spawn();
  actor->send("one");
  EXPECT_TRUE(actor->run(services.write_output));
  const auto first = freeze(*actor);
  EXPECT_EQ(freeze(*actor), first);
}

TEST_F(Freeze, holds_the_module_unless_it_is_to_be_thin) {
  const auto actor = spawn();
  const auto whole_bytes = freeze(*actor), thin_bytes = freeze(*actor, {.thin = true});
  const auto whole = frozen::File::of(whole_bytes), thin = frozen::File::of(thin_bytes);
  ASSERT_TRUE(whole && thin);
  const auto wasm = whole->read_all(*whole->find(frozen::kModule));
  ASSERT_TRUE(wasm);
  EXPECT_TRUE(std::ranges::equal(*wasm, module->wasm()));
  EXPECT_EQ(thin->find(frozen::kModule), nullptr);
  EXPECT_LT(thin_bytes.size(), whole_bytes.size());
}

TEST_F(Freeze, holds_the_pages_that_are_not_zero) {
  const auto actor = spawn();
  actor->guest().region().base()[5 * kPage + 4097] = std::byte{7};  // the only one not zero there
  actor->guest().region().base()[6 * kPage] = std::byte{0};         // touched, and zero
  const auto bytes = freeze(*actor);
  const auto file = frozen::File::of(bytes);
  ASSERT_TRUE(file);
  const auto pages = pages_of(*file);
  EXPECT_EQ(pages.back(), 5 * 16 + 1);
  EXPECT_TRUE(std::ranges::is_sorted(pages));
  const auto memory = file->read_all(*file->find(frozen::kMemory));
  EXPECT_EQ(memory->size(), pages.size() * frozen::kPageBytes);
  EXPECT_EQ((*memory)[memory->size() - frozen::kPageBytes + 1], std::byte{7});
}

TEST_F(Freeze, holds_what_waits_before_and_behind_the_guest) {
  const auto actor = spawn();
  actor->send("one", 3'600'000'000'000);
  actor->send("two");
  const auto bytes = freeze(*actor);
  const auto file = frozen::File::of(bytes);
  ASSERT_TRUE(file);
  const frozen::Descriptor& description = file->descriptor();
  EXPECT_FALSE(description.started);
  ASSERT_EQ(description.mailbox.size(), 2u);
  EXPECT_EQ(description.mailbox[0].text.bytes, "one");
  EXPECT_GT(description.mailbox[0].left_ns, 3'500'000'000'000u);
  EXPECT_FALSE(description.mailbox[1].left_ns);
  EXPECT_EQ(description.module.bytes, module->wasm().size());
  EXPECT_EQ(description.numerics, device->capabilities().numerics);
  EXPECT_FALSE(description.model);
}

TEST_F(Freeze, holds_each_program_once) {
  const auto actor = spawn();
  EXPECT_TRUE(actor->run(services.write_output));
  const auto bytes = freeze(*actor);
  const auto file = frozen::File::of(bytes);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->descriptor().programs, 1u);
  EXPECT_NE(file->find("program.0"), nullptr);
  EXPECT_EQ(file->find("program.1"), nullptr);
  EXPECT_EQ(file->descriptor().handles.size(), 4u);
  EXPECT_EQ(file->descriptor().states.size(), 1u);
  EXPECT_EQ(file->descriptor().registers, 1u);
}

TEST_F(Freeze, refuses_an_actor_that_is_over) {
  services.limits.call_ns = 20'000'000;
  Script script;
  script.code("(loop $l (br $l))");
  script.end_phase(DW_NEXT_IDLE);
  module = guest::test::compile(script.wat()).value();
  const auto actor = spawn();
  ASSERT_FALSE(actor->run(services.write_output));
  const auto refused = Frozen::make(*actor, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::guest_failed);
}

TEST_F(Freeze, refuses_more_messages_than_a_description_holds) {
  const auto actor = spawn();
  for (std::size_t i = 0; i < frozen::kMostJsonValues / 7 + 1; ++i) actor->send("");
  const auto refused = Frozen::make(*actor, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::limit);
  EXPECT_NE(refused.error().message().find("too much in its mailbox"), std::string::npos)
      << refused.error().message();
}

}  // namespace
}  // namespace driftwood::actor
