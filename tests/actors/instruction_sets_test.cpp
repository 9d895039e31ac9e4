// An actor that was frozen with one instruction set goes on with another one as it would have.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "actors/actor_bench.h"
#include "device/test_support.h"

namespace driftwood::test {
namespace {

using device::testing::must;
using nlohmann::json;

constexpr std::uint64_t kStepsBefore = 20, kTokensAfter = 200;

bool is_here(const std::string& isa) {
  return device::open_device("cpu", {.thread_count = 1, .isa = isa}).has_value();
}

class InstructionSets : public testing::TestWithParam<std::string> {};

TEST_P(InstructionSets, thaw_what_avx2_froze_as_identical_and_its_next_tokens_are) {
  for (const std::string& isa : {std::string("avx2"), GetParam()}) {
    if (!is_here(isa)) GTEST_SKIP() << "This machine has no " << isa << ".";
  }
  const auto model = must(model::open_model(DRIFTWOOD_SOURCE_DIR "/models/default"));
  const ActorBench avx2(model, "llama", {.thread_count = 1, .isa = "avx2"});
  const ActorBench other(model, "llama", {.thread_count = 2, .isa = GetParam()});
  const auto actor = avx2.spawn();
  actor->send(json{{"prompt", "It was late in the evening when"},
                   {"max_tokens", kStepsBefore + kTokensAfter},
                   {"temperature", 0.8},
                   {"seed", 3},
                   {"ignore_eos", true},
                   {"output", "tokens"}}
                  .dump());
  std::vector<std::string> records, other_records;
  digests_of_steps(*actor, kStepsBefore, records);
  const auto bytes = freeze(*actor);
  const auto thawed =
      must(actor::thaw(must(actor::frozen::File::of(bytes)), other.services(), other.module()));
  EXPECT_EQ(thawed.sameness, actor::Sameness::identical);
  records.clear();
  const auto wanted = digests_of_steps(*actor, kTokensAfter, records);
  const auto digests = digests_of_steps(*thawed.actor, kTokensAfter, other_records);
  EXPECT_EQ(records.size(), kTokensAfter);
  EXPECT_EQ(other_records, records);
  EXPECT_EQ(digests, wanted);
}

INSTANTIATE_TEST_SUITE_P(To, InstructionSets, testing::Values("portable", "avx512"),
                         [](const auto& isa) { return isa.param; });

}  // namespace
}  // namespace driftwood::test
