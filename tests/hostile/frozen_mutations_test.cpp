// Files of frozen actors in which one to three things were changed, with sizes and checksums that
// fit: each is refused with a reason, or gives an actor that can touch only its own.
//
// DRIFTWOOD_MUTATIONS sets how many, DRIFTWOOD_SEED which; the seed of each failure is printed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "actor/thaw.h"
#include "core/log.h"
#include "support/allocations.h"
#include "support/frozen_bases.h"
#include "support/frozen_fate.h"
#include "support/frozen_parts.h"

namespace driftwood::test {
namespace {

std::uint64_t number_of(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

class Seeded final : public Choices {
 public:
  explicit Seeded(std::uint64_t seed) : random_(seed) {}
  std::uint64_t below(std::uint64_t count) override { return random_() % count; }

 private:
  std::mt19937_64 random_;
};

// What reading a file may hold at once beyond its bytes, which it copies into texts, blocks and
// registers: what the descriptions of these actors take as a tree, with lists that a mutation made
// long.
constexpr std::uint64_t kConstantBytes = std::uint64_t{2} << 20;

class Mutations {
 public:
  explicit Mutations(std::vector<FrozenBase> bases) : bases_(std::move(bases)) {
    for (const FrozenBase& base : bases_) whole_.emplace_back(base.bytes);
    log::configure(log::Level::error, [](log::Level, std::string_view) {});
  }

  void check(std::uint64_t count, std::uint64_t first_seed) {
    std::map<FrozenFate, std::uint64_t> fates;
    for (std::uint64_t seed = first_seed; seed < first_seed + count; ++seed) {
      check_one(seed, fates);
      if (testing::Test::HasFailure()) return;
    }
    RecordProperty(fates, FrozenFate::refused, "refused");
    RecordProperty(fates, FrozenFate::thawed, "thawed");
    RecordProperty(fates, FrozenFate::failed, "failed_in_a_step");
    // As many of each that neither reader nor guest is passed by.
    EXPECT_GT(fates[FrozenFate::refused], count / 10);
    EXPECT_GT(fates[FrozenFate::thawed] + fates[FrozenFate::failed], count / 10);
  }

 private:
  static void RecordProperty(std::map<FrozenFate, std::uint64_t>& fates, FrozenFate fate,
                             const char* name) {
    testing::Test::RecordProperty(name, std::to_string(fates[fate]));
    fmt::print("{} {}\n", fates[fate], name);
  }

  void check_one(std::uint64_t seed, std::map<FrozenFate, std::uint64_t>& fates) {
    Seeded choices(seed);
    const std::size_t i = choices.below(bases_.size());
    const FrozenBase& base = bases_[i];
    FrozenParts parts = whole_[i];
    std::string report = fmt::format("seed {}, {}", seed, base.name);
    for (std::uint64_t left = 1 + choices.below(3); left > 0; --left) {
      report += "; " + mutate(parts, choices);
    }
    const std::vector<std::byte> bytes = parts.file();
    SCOPED_TRACE(report);
    check_memory(base, bytes);
    const auto fate = fate_of_frozen(bytes, base.services, base.module, base.steps);
    if (!fate) {
      ADD_FAILURE() << fate.error().message();
    } else {
      ++fates[*fate];
    }
  }

  static void check_memory(const FrozenBase& base, const std::vector<std::byte>& bytes) {
    const Allocations allocations;
    {
      const auto file = actor::frozen::File::of(bytes);
      if (file) (void)actor::thaw(*file, base.services, base.module);
    }
    EXPECT_LE(allocations.largest_bytes(), bytes.size() + kConstantBytes);
    EXPECT_LE(allocations.peak_bytes(), bytes.size() + kConstantBytes);
  }

  std::vector<FrozenBase> bases_;
  std::vector<FrozenParts> whole_;
};

TEST(FrozenMutations, of_a_small_guest_are_refused_or_stay_within_their_own) {
  const std::uint64_t count = number_of("DRIFTWOOD_MUTATIONS", 10'000);
  Mutations(small_frozen_bases()).check(count * 9 / 10, number_of("DRIFTWOOD_SEED", 1));
}

TEST(FrozenMutations, of_a_conversation_are_refused_or_stay_within_their_own) {
  const std::uint64_t count = number_of("DRIFTWOOD_MUTATIONS", 10'000);
  Mutations(llama_frozen_bases()).check(count / 10, number_of("DRIFTWOOD_SEED", 1));
}

// So that a mutation is judged against something: the files themselves are fine.
TEST(FrozenMutations, what_they_begin_with_thaws_and_goes_on) {
  for (const auto& bases : {small_frozen_bases(), llama_frozen_bases()}) {
    for (const FrozenBase& base : bases) {
      const auto file = actor::frozen::File::of(base.bytes);
      ASSERT_TRUE(file) << base.name << ": " << file.error().message();
      EXPECT_TRUE(file->verify_checksums());
      const std::vector<std::byte> bytes = FrozenParts(base.bytes).file();
      const auto again = actor::frozen::File::of(bytes);
      ASSERT_TRUE(again) << base.name << ": " << again.error().message();
      EXPECT_TRUE(again->verify_checksums());
      const auto fate = fate_of_frozen(bytes, base.services, base.module, base.steps);
      ASSERT_TRUE(fate) << base.name << ": " << fate.error().message();
      EXPECT_EQ(*fate, FrozenFate::thawed) << base.name;
    }
  }
}

}  // namespace
}  // namespace driftwood::test
