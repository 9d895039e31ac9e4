#include "memory/window.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <limits>
#include <type_traits>
#include <utility>

namespace driftwood::memory {
namespace {

constexpr std::uint64_t kStep = kWindowStepBytes;
constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

constexpr WindowRange reading(std::uint64_t offset_bytes, std::uint64_t size_bytes) {
  return {offset_bytes, size_bytes, Access::read};
}

// Eight steps long, of which four are committed.
std::shared_ptr<Region> make_region() {
  return Region::reserve({4 * kStep, 8 * kStep, kStep}).value();
}

// Ranges that no table and no import may take, whatever the access, with the reason.
struct Refusal {
  const char* why;
  std::uint64_t offset_bytes;
  std::uint64_t size_bytes;
};
constexpr Refusal kRefusals[] = {
    {"empty", 0, 0},
    {"empty at the end", 4 * kStep, 0},
    {"offset off a step by one", 1, kStep},
    {"offset off a step by a system page", 4096, kStep},
    {"offset off a step by a large system page", 16384, kStep},
    {"size short of a step by one", 0, kStep - 1},
    {"size over a step by one", 0, kStep + 1},
    {"size of a system page", 0, 4096},
    {"size of a large system page", 0, 16384},
    {"over the end of the committed bytes", 3 * kStep, 2 * kStep},
    {"behind the committed bytes, inside the reserved", 4 * kStep, kStep},
    {"in the guard", 8 * kStep, kStep},
    {"behind everything", 100 * kStep, kStep},
    {"longer than the memory", 0, 5 * kStep},
    {"offset and size sum up to 2^64", 0 - kStep, kStep},
    {"offset and size sum up past 2^64", 0 - kStep, 2 * kStep},
    {"size near 2^64", kStep, 0 - kStep},
    {"size near 2^64 from 0", 0, 0 - kStep},
    {"the largest numbers", kMost, kMost},
};

// --- Import ---

TEST(Import, points_into_the_region) {
  const auto region = make_region();
  const Import import = Import::acquire(region, {kStep, 2 * kStep, Access::read_write}).value();
  EXPECT_EQ(import.data(), region->base() + kStep);
  EXPECT_EQ(import.size_bytes(), 2 * kStep);
  EXPECT_EQ(import.access(), Access::read_write);
}

TEST(Import, is_counted_while_it_lives) {
  const auto region = make_region();
  EXPECT_EQ(region->import_count(), 0u);
  {
    const auto first = Import::acquire(region, reading(0, kStep));
    const auto second = Import::acquire(region, reading(0, 4 * kStep));
    EXPECT_EQ(region->import_count(), 2u);
  }
  EXPECT_EQ(region->import_count(), 0u);
}

TEST(Import, refused_ones_are_not_counted) {
  const auto region = make_region();
  for (const Refusal& refusal : kRefusals) {
    const auto import = Import::acquire(region, reading(refusal.offset_bytes, refusal.size_bytes));
    ASSERT_FALSE(import) << refusal.why;
    EXPECT_EQ(import.error().code(), ErrorCode::invalid_argument) << refusal.why;
  }
  EXPECT_EQ(region->import_count(), 0u);
}

TEST(Import, refuses_an_access_that_is_neither_read_nor_read_write) {
  for (const std::uint32_t access : {0u, 2u, 4u, 0xFFFF'FFFFu}) {
    const auto import = Import::acquire(make_region(), {0, kStep, static_cast<Access>(access)});
    ASSERT_FALSE(import) << access;
    EXPECT_EQ(import.error().code(), ErrorCode::invalid_argument);
  }
}

TEST(Import, refusal_gives_the_range_and_the_memory) {
  const auto import = Import::acquire(make_region(), reading(3 * kStep, 2 * kStep));
  EXPECT_EQ(import.error().message(),
            "The window (131072 bytes from 196608) lies outside the memory (262144 bytes).");
}

TEST(Import, keeps_the_region_when_its_other_holders_let_go) {
  auto region = make_region();
  std::weak_ptr<Region> watch = region;
  std::byte* const base = region->base();
  base[kStep] = std::byte{9};
  {
    const Import import = Import::acquire(std::move(region), reading(kStep, kStep)).value();
    region.reset();
    ASSERT_FALSE(watch.expired());
    EXPECT_EQ(import.data()[0], std::byte{9});
    import.data()[kStep - 1] = std::byte{8};  // faults if the address space was returned
  }
  EXPECT_TRUE(watch.expired());
}

TEST(Import, last_one_returns_the_address_space) {
  auto region = make_region();
  std::byte* const base = region->base();
  auto first = std::make_unique<Import>(Import::acquire(region, reading(0, kStep)).value());
  auto second = std::make_unique<Import>(Import::acquire(region, reading(0, kStep)).value());
  region.reset();
  first.reset();
  second->data()[0] = std::byte{1};
  second.reset();
  const auto died_of_access = [](int status) {
    return WIFSIGNALED(status) && (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS);
  };
  EXPECT_EXIT(*static_cast<volatile std::byte*>(base) = std::byte{1}, died_of_access, "");
}

TEST(Import, survives_growth_of_its_region) {
  const auto region = make_region();
  const Import import = Import::acquire(region, reading(3 * kStep, kStep)).value();
  std::byte* const data = import.data();
  data[0] = std::byte{5};
  ASSERT_TRUE(region->grow(8 * kStep));
  EXPECT_EQ(import.data(), data);
  EXPECT_EQ(import.data()[0], std::byte{5});
}

TEST(Import, may_take_what_growth_added) {
  const auto region = make_region();
  EXPECT_FALSE(Import::acquire(region, reading(4 * kStep, 4 * kStep)));
  ASSERT_TRUE(region->grow(8 * kStep));
  EXPECT_TRUE(Import::acquire(region, reading(4 * kStep, 4 * kStep)));
}

TEST(Import, counts_once_when_it_moves) {
  const auto region = make_region();
  {
    Import first = Import::acquire(region, reading(0, kStep)).value();
    Import second(std::move(first));
    EXPECT_EQ(region->import_count(), 1u);
    Import third = Import::acquire(region, reading(kStep, kStep)).value();
    third = std::move(second);
    EXPECT_EQ(third.data(), region->base());
  }
  EXPECT_EQ(region->import_count(), 0u);
}

TEST(Import, moves_between_regions) {
  const auto a = make_region();
  const auto b = make_region();
  Import import = Import::acquire(a, reading(0, kStep)).value();
  import = Import::acquire(b, reading(kStep, kStep)).value();
  EXPECT_EQ(a->import_count(), 0u);
  EXPECT_EQ(b->import_count(), 1u);
  EXPECT_EQ(import.data(), b->base() + kStep);
}

TEST(Import, cannot_be_copied) {
  EXPECT_FALSE(std::is_copy_constructible_v<Import>);
  EXPECT_FALSE(std::is_copy_assignable_v<Import>);
}

TEST(ImportDeathTest, of_no_region_is_a_fault_of_the_host) {
  EXPECT_DEATH((void)Import::acquire(nullptr, reading(0, kStep)), "region != nullptr");
}

// --- WindowTable ---

TEST(WindowTable, takes_windows_side_by_side_in_any_order) {
  const auto region = make_region();
  WindowTable table;
  EXPECT_TRUE(table.add(*region, reading(2 * kStep, 2 * kStep)));
  EXPECT_TRUE(table.add(*region, {0, kStep, Access::read_write}));
  EXPECT_TRUE(table.add(*region, reading(kStep, kStep)));
  ASSERT_EQ(table.ranges().size(), 3u);
  EXPECT_EQ(table.ranges()[1].access, Access::read_write);
}

TEST(WindowTable, takes_the_whole_memory) {
  const auto region = make_region();
  EXPECT_TRUE(WindowTable().add(*region, reading(0, 4 * kStep)));
}

TEST(WindowTable, refuses_broken_ranges_and_stays_as_it_was) {
  const auto region = make_region();
  WindowTable table;
  for (const Refusal& refusal : kRefusals) {
    const auto added = table.add(*region, reading(refusal.offset_bytes, refusal.size_bytes));
    ASSERT_FALSE(added) << refusal.why;
    EXPECT_EQ(added.error().code(), ErrorCode::invalid_argument) << refusal.why;
  }
  EXPECT_TRUE(table.ranges().empty());
}

TEST(WindowTable, refuses_every_kind_of_overlap) {
  const auto region = Region::reserve({16 * kStep, 16 * kStep, 0}).value();
  WindowTable table;
  ASSERT_TRUE(table.add(*region, reading(4 * kStep, 4 * kStep)));
  constexpr std::pair<std::uint64_t, std::uint64_t> kOverlaps[] = {
      {4, 4},   // the same
      {4, 1},   // its beginning
      {7, 1},   // its end
      {5, 2},   // inside
      {3, 2},   // over its beginning
      {7, 2},   // over its end
      {0, 16},  // around it
      {4, 5},   // the same beginning, longer
      {3, 5},   // the same end, longer
  };
  for (const auto& [offset, size] : kOverlaps) {
    for (const Access access : {Access::read, Access::read_write}) {
      const auto added = table.add(*region, {offset * kStep, size * kStep, access});
      ASSERT_FALSE(added) << offset << ", " << size;
      EXPECT_EQ(added.error().code(), ErrorCode::invalid_argument);
    }
  }
  EXPECT_EQ(table.ranges().size(), 1u);
  EXPECT_TRUE(table.add(*region, reading(3 * kStep, kStep)));
  EXPECT_TRUE(table.add(*region, reading(8 * kStep, kStep)));
}

TEST(WindowTable, agrees_with_a_map_of_steps_on_all_small_cases) {
  constexpr std::uint64_t kSteps = 6;
  const auto region = Region::reserve({kSteps * kStep, kSteps * kStep, 0}).value();
  for (std::uint64_t a = 0; a < kSteps; ++a) {
    for (std::uint64_t a_size = 1; a + a_size <= kSteps; ++a_size) {
      for (std::uint64_t b = 0; b < kSteps; ++b) {
        for (std::uint64_t b_size = 1; b + b_size <= kSteps; ++b_size) {
          bool taken = false;
          for (std::uint64_t i = b; i < b + b_size; ++i) taken |= i >= a && i < a + a_size;
          WindowTable table;
          ASSERT_TRUE(table.add(*region, reading(a * kStep, a_size * kStep)));
          ASSERT_EQ(table.add(*region, reading(b * kStep, b_size * kStep)).has_value(), !taken);
        }
      }
    }
  }
}

TEST(WindowTable, forgets_a_removed_window) {
  const auto region = make_region();
  WindowTable table;
  ASSERT_TRUE(table.add(*region, reading(0, kStep)));
  ASSERT_TRUE(table.add(*region, reading(kStep, 3 * kStep)));
  ASSERT_TRUE(table.remove(kStep));
  ASSERT_EQ(table.ranges().size(), 1u);
  EXPECT_EQ(table.ranges()[0].offset_bytes, 0u);
  EXPECT_TRUE(table.add(*region, {2 * kStep, kStep, Access::read_write}));
}

TEST(WindowTable, refuses_to_remove_what_is_not_there) {
  const auto region = make_region();
  WindowTable table;
  EXPECT_EQ(table.remove(0).error().code(), ErrorCode::not_found);
  ASSERT_TRUE(table.add(*region, reading(0, 2 * kStep)));
  EXPECT_EQ(table.remove(kStep).error().code(), ErrorCode::not_found);  // inside, not the start
  EXPECT_EQ(table.remove(1).error().code(), ErrorCode::not_found);
  EXPECT_EQ(table.remove(kMost).error().code(), ErrorCode::not_found);
  ASSERT_TRUE(table.remove(0));
  EXPECT_EQ(table.remove(0).error().code(), ErrorCode::not_found);
}

}  // namespace
}  // namespace driftwood::memory
