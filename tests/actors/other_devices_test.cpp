// An actor that was frozen on one kind of device and thawed on another: the same state, of which
// that device goes on in its own order of sums.
#include <driftwood/runtime.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "actors/actor_bench.h"
#include "device/test_support.h"
#include "support/devices.h"
#include "support/frozen_parts.h"

namespace driftwood::test {
namespace {

using device::testing::must;
using nlohmann::json;

constexpr std::uint64_t kStepsBefore = 12;
const std::string kModel = DRIFTWOOD_SOURCE_DIR "/models/default";

std::string request() {
  return json{{"prompt", "It was late in the evening when"},
              {"max_tokens", 40},
              {"temperature", 0},
              {"ignore_eos", true}}
      .dump();
}

// Where it was frozen, and where it goes on.
struct Way {
  const char* from;
  const char* to;
};

class OtherDevices : public testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    for (const char* kind : {GetParam().from, GetParam().to}) DW_NEED_DEVICE(kind);
    from_.emplace(model_, "llama", BenchDevice{.kind = GetParam().from});
    to_.emplace(model_, "llama", BenchDevice{.kind = GetParam().to});
    actor_ = from_->spawn();
    actor_->send(request());
    must(actor_->run([](std::string_view) {}, kStepsBefore));
    bytes_ = freeze(*actor_);
  }

  actor::Thawed thaw() const {
    const auto file = must(actor::frozen::File::of(bytes_));
    must(file.verify_checksums());
    return must(actor::thaw(file, to_->services(), to_->module()));
  }

  const std::shared_ptr<const model::Model> model_ = must(model::open_model(kModel));
  std::optional<ActorBench> from_, to_;
  std::unique_ptr<actor::Actor> actor_;
  std::vector<std::byte> bytes_;
};

INSTANTIATE_TEST_SUITE_P(From, OtherDevices,
                         testing::Values(Way{"cpu", "vulkan"}, Way{"vulkan", "cpu"}),
                         [](const auto& info) {
                           return std::string(info.param.from) + "_to_" + info.param.to;
                         });

TEST_P(OtherDevices, thaw_the_same_state_and_say_so) {
  const actor::Thawed thawed = thaw();
  EXPECT_EQ(thawed.sameness, actor::Sameness::same_state);
  EXPECT_GT(thawed.rows, kStepsBefore);
  FrozenParts wanted(bytes_), given(freeze(*thawed.actor));
  EXPECT_EQ(wanted.actor["numerics"], from_->device().capabilities().numerics);
  EXPECT_EQ(given.actor["numerics"], to_->device().capabilities().numerics);
  for (FrozenParts* parts : {&wanted, &given}) {
    parts->actor.erase("numerics");
    std::erase_if(parts->tensors, [](const auto& tensor) { return tensor.name == "checksums"; });
  }
  EXPECT_EQ(given.actor, wanted.actor);
  ASSERT_EQ(given.tensors.size(), wanted.tensors.size());
  for (const FrozenParts::Tensor& tensor : wanted.tensors) {
    EXPECT_TRUE(given.tensor(tensor.name).bytes == tensor.bytes) << tensor.name;
  }
  EXPECT_GT(wanted.tensor("state.0").bytes.size(), 0u);
}

// The first one writes a part of what the reference program wrote, the second one the rest.
TEST_P(OtherDevices, go_on_with_the_greedy_tokens_of_a_reference_case) {
  const std::string folder = reference_folder("tinystories-656K");
  DW_NEED_DATA(folder);
  const json reference = json::parse(std::ifstream(folder + "/reference-logits.json"))["cases"][1];
  const auto model = must(model::open_folder(folder));
  const ActorBench from(model, "llama", {.kind = GetParam().from});
  const ActorBench to(model, "llama", {.kind = GetParam().to});
  json ids = json::array();
  const auto keep = [&ids](std::string_view text) {
    const json record = json::parse(text);
    if (record["type"] == "token") ids.push_back(record["id"]);
  };
  const auto actor = from.spawn();
  actor->send(json{{"prompt_ids", reference["prompt_ids"]},
                   {"max_tokens", reference["greedy_ids"].size()},
                   {"temperature", 0},
                   {"ignore_eos", true},
                   {"output", "tokens"}}
                  .dump());
  must(actor->run(keep, kStepsBefore));
  EXPECT_GT(ids.size(), 8u);
  must(to.through_file(*actor)->run(keep));
  EXPECT_EQ(ids, reference["greedy_ids"]);
}

TEST_P(OtherDevices, are_reported_to_an_embedder) {
  const auto runtime_of = [](const char* kind) {
    return must(
        Runtime::create({.device = device_of_kind(kind).name, .validate = is_checked(kind)}));
  };
  const Runtime from = runtime_of(GetParam().from), to = runtime_of(GetParam().to);
  const auto freeze_on = [](const Runtime& runtime) {
    Actor actor = must(
        runtime.spawn(must(runtime.builtin_guest("llama")), must(runtime.open_model(kModel)), {}));
    actor.send(request());
    must(actor.run([](std::string_view) {}, kStepsBefore));
    return must(actor.freeze({}));
  };
  const auto thaw_on = [](const Runtime& runtime, std::span<const std::byte> bytes) {
    return must(runtime.thaw(bytes, must(runtime.open_model(kModel)), {})).report;
  };
  const auto bytes = freeze_on(from);
  EXPECT_EQ(thaw_on(from, bytes).sameness, Sameness::identical);
  const ThawReport report = thaw_on(to, bytes);
  EXPECT_EQ(report.sameness, Sameness::same_state);
  EXPECT_GT(report.state_rows, kStepsBefore);
}

}  // namespace
}  // namespace driftwood::test
