// Loads and stores of every kind at the edges of a guest's memory: what lies past the committed
// bytes traps, and nothing beside it changes.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "guest/memory_creator.h"
#include "guest/test_support.h"

namespace driftwood::guest {
namespace {

using test::Script;

constexpr std::uint64_t kPage = 65536;
constexpr std::uint64_t kCommitted = 3 * kPage;

// An instruction that touches `bytes` bytes at an address, with its value if it stores.
struct Instruction {
  const char* name;
  std::uint64_t bytes;
  const char* value;  // null: a load
};

constexpr std::array kInstructions = {
    Instruction{"i32.load", 4, nullptr},
    Instruction{"i32.load8_s", 1, nullptr},
    Instruction{"i32.load16_u", 2, nullptr},
    Instruction{"i64.load", 8, nullptr},
    Instruction{"i64.load32_s", 4, nullptr},
    Instruction{"f32.load", 4, nullptr},
    Instruction{"f64.load", 8, nullptr},
    Instruction{"v128.load", 16, nullptr},
    Instruction{"v128.load8_splat", 1, nullptr},
    Instruction{"v128.load32x2_u", 8, nullptr},
    Instruction{"v128.load64_zero", 8, nullptr},
    Instruction{"i32.store", 4, "(i32.const -1)"},
    Instruction{"i32.store8", 1, "(i32.const -1)"},
    Instruction{"i32.store16", 2, "(i32.const -1)"},
    Instruction{"i64.store", 8, "(i64.const -1)"},
    Instruction{"f32.store", 4, "(f32.const 1)"},
    Instruction{"f64.store", 8, "(f64.const 1)"},
    Instruction{"v128.store", 16, "(v128.const i64x2 -1 -1)"},
};

std::string code_of(const Instruction& instruction, std::uint64_t address, std::uint64_t offset) {
  // Through a local, so that the compiler cannot know the address.
  const std::string at = fmt::format("offset={} (i32.load (i32.const 0))", offset);
  const std::string set =
      fmt::format("(i32.store (i32.const 0) (i32.const {}))", static_cast<std::int32_t>(address));
  if (instruction.value == nullptr)
    return fmt::format("{} (drop ({} {}))", set, instruction.name, at);
  return fmt::format("{} ({} {} {})", set, instruction.name, at, instruction.value);
}

class MemoryEdges : public test::HostedGuest {
 protected:
  // Whether a guest of three pages survives this code; its last bytes are what they were if not.
  bool survives(const std::string& code) {
    Script script;
    script.memory = "(memory (export \"memory\") 3 16)";
    script.data(kCommitted - 16, std::string_view("the last 16 byte"));
    script.code(code);
    script.end_phase(0);
    auto guest = create(script.wat()).value();
    const auto started = guest->start();
    if (started) return true;
    EXPECT_EQ(started.error().code(), ErrorCode::guest_failed);
    EXPECT_NE(started.error().message().find("out of bounds memory access"), std::string::npos)
        << started.error().message();
    EXPECT_EQ(test::read_text(*guest, kCommitted - 16, 16), "the last 16 byte") << code;
    return false;
  }
};

TEST_F(MemoryEdges, every_load_and_store_traps_past_the_committed_bytes) {
  for (const Instruction& instruction : kInstructions) {
    SCOPED_TRACE(instruction.name);
    const std::uint64_t bytes = instruction.bytes;
    EXPECT_TRUE(survives(code_of(instruction, kCommitted - bytes, 0)));
    EXPECT_TRUE(survives(code_of(instruction, 0, kCommitted - bytes)));
    for (const std::uint64_t first : {
             kCommitted - bytes + 1,      // its last byte is the first one past them
             kCommitted,                  // the first byte past them
             kCommitted + kPage - bytes,  // where growth could reach
             kReservedBytes - bytes,      // the end of the reservation
             kReservedBytes - 1,          // from the reservation into the guard
             kReservedBytes,              // the guard
             kReservedBytes + kGuardBytes - bytes,
             kReservedBytes + kGuardBytes - 1,
             kReservedBytes + kGuardBytes,  // past the guard, which the compiler has to check
             2 * kReservedBytes - 2,
         }) {
      const std::uint64_t address = std::min(first, kReservedBytes - 1);
      EXPECT_FALSE(survives(code_of(instruction, address, first - address))) << first;
      const std::uint64_t offset = std::min(first, kReservedBytes - 1);
      EXPECT_FALSE(survives(code_of(instruction, first - offset, offset))) << first;
    }
  }
}

TEST_F(MemoryEdges, bulk_instructions_write_nothing_when_they_reach_out) {
  for (const auto& [address, size] : std::vector<std::pair<std::uint32_t, std::uint32_t>>{
           {kCommitted - 16, 17}, {kCommitted, 1}, {0, kCommitted + 1}, {0xffffffff, 0xffffffff}}) {
    EXPECT_FALSE(
        survives(fmt::format("(memory.fill (i32.const {}) (i32.const 7) (i32.const {}))",
                             static_cast<std::int32_t>(address), static_cast<std::int32_t>(size))));
    EXPECT_FALSE(
        survives(fmt::format("(memory.copy (i32.const {}) (i32.const 0) (i32.const {}))",
                             static_cast<std::int32_t>(address), static_cast<std::int32_t>(size))));
    EXPECT_FALSE(
        survives(fmt::format("(memory.copy (i32.const 0) (i32.const {}) (i32.const {}))",
                             static_cast<std::int32_t>(address), static_cast<std::int32_t>(size))));
  }
}

TEST_F(MemoryEdges, growth_moves_the_edge_and_no_further) {
  const std::string grow = "(drop (memory.grow (i32.const 2)))";
  EXPECT_TRUE(survives(grow + "(i32.store8 (i32.const 327679) (i32.const 1))"));
  EXPECT_FALSE(survives(grow + "(i32.store8 (i32.const 327680) (i32.const 1))"));
  // The memory's own maximum is 16 pages.
  EXPECT_FALSE(
      survives("(drop (memory.grow (i32.const 14)))"
               "(i32.store8 (i32.const 196608) (i32.const 1))"));
}

TEST_F(MemoryEdges, a_memory_of_4_gib_ends_at_its_guard) {
  services.limits.memory_bytes = kReservedBytes;
  Script script;
  script.memory = "(memory (export \"memory\") 1)";
  const auto grown = script.expression("(memory.grow (i32.const 65535))");
  const auto more = script.expression("(memory.grow (i32.const 1))");
  script.code("(i32.store8 (i32.const -1) (i32.const 1))");
  script.end_phase(DW_NEXT_CONTINUE);
  script.code("(drop (i32.load8_u offset=1 (i32.const -1)))");
  script.end_phase(DW_NEXT_IDLE);
  auto guest = create(script.wat()).value();
  ASSERT_TRUE(guest->start());
  EXPECT_EQ(test::result_of(*guest, grown), 1);
  EXPECT_EQ(test::result_of(*guest, more), -1);
  EXPECT_EQ(guest->region().committed_bytes(), kReservedBytes);
  EXPECT_FALSE(guest->resume(Event::proceed));
}

TEST_F(MemoryEdges, a_guest_that_trapped_leaves_others_alone) {
  Script good;
  good.code("(i32.store (i32.const 8) (i32.const 42))");
  good.end_phase(DW_NEXT_CONTINUE);
  good.code("(i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))");
  good.end_phase(DW_NEXT_IDLE);
  auto survivor = create(good.wat()).value();
  ASSERT_TRUE(survivor->start());
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(survives("(drop (i32.load (i32.const -4)))"));
  ASSERT_TRUE(survivor->resume(Event::proceed));
  EXPECT_EQ(test::read_word(*survivor, 8), 43);
}

}  // namespace
}  // namespace driftwood::guest
