// Two guests on one device: what one of them names is never the other's.
#include "driftwood_program.hpp"
#include "guest/test_support.h"

namespace driftwood::guest {
namespace {

using test::result_of;
using test::Script;
using test::Value;

constexpr std::uint32_t kPage = 65536;
constexpr std::uint32_t kProgram = 8192, kBindings = Script::kFree, kShape = Script::kFree + 256;

class Neighbours : public test::HostedGuest {
 protected:
  void SetUp() override {
    sdk::Program program;
    const sdk::Tensor x = program.window(sdk::DType::f32, {16});
    const sdk::Tensor y = program.window(sdk::DType::f32, {16});
    program.add(x, x, y);
    program_ = program.encode();
    // The owner has handles 1 to 3: a graph, a window, a state.
    Script script;
    compile(script);
    script.call("window_share", {4 * kPage, kPage, DW_READ_WRITE});
    script.words(kShape, {DW_F32, 1, 1, 4, 64});
    script.call("state_append", {kShape});
    owner = start(script);
  }

  Value compile(Script& script) {
    script.data(kProgram, program_.data(), program_.size());
    return script.call("graph_compile", {0, kProgram, static_cast<std::int64_t>(program_.size())});
  }

  std::unique_ptr<Guest> owner;

 private:
  std::vector<std::uint8_t> program_;
};

TEST_F(Neighbours, handles_of_another_guest_mean_nothing) {
  Script script;
  std::vector<Value> refused;
  for (const int handle : {1, 2, 3}) {
    refused.push_back(script.call("release", {handle}));
    refused.push_back(script.call("state_length", {handle}));
    refused.push_back(script.call("state_truncate", {handle, 0}));
    refused.push_back(script.call("graph_bind", {handle, kBindings, 0}));
    refused.push_back(script.call("graph_start", {handle, 0, 0}));
    refused.push_back(script.call("graph_compile", {handle, 0, 64}));
    refused.push_back(script.call("model_config", {handle, 0, 0, 0}));
  }
  auto thief = start(script);
  for (const Value& step : refused) EXPECT_EQ(result_of(*thief, step), DW_E_INVALID) << step.number;
  EXPECT_EQ(owner->region().import_count(), 1u);
}

TEST_F(Neighbours, a_binding_finds_the_guests_own_window_under_the_same_number) {
  Script script;
  const Value graph = compile(script);
  const Value own = script.call("window_share", {2 * kPage, kPage, DW_READ_WRITE});
  script.words(kBindings, {DW_SLOT_WINDOW, 0, 2, 0, DW_SLOT_WINDOW, 1, 2, 64});
  const Value bound = script.call("graph_bind", {graph, kBindings, 2});
  script.call("graph_start", {graph, 0, 0});
  auto guest = start(script, DW_NEXT_RUN);
  EXPECT_EQ(result_of(*guest, own), 2);  // the number of the owner's window
  EXPECT_EQ(result_of(*guest, bound), 0);
  EXPECT_EQ(guest->run()->sequence.windows[0].buffer->contents(),
            guest->region().base() + 2 * kPage);
}

TEST_F(Neighbours, runs_of_another_guest_cannot_be_cancelled) {
  Script asks;
  const Value graph = compile(asks);
  asks.call("window_share", {4 * kPage, kPage, DW_READ_WRITE});
  asks.words(kBindings, {DW_SLOT_WINDOW, 0, 2, 0, DW_SLOT_WINDOW, 1, 2, 64});
  asks.call("graph_bind", {graph, kBindings, 2});
  asks.call("graph_start", {graph, 0, 0});
  auto asking = start(asks, DW_NEXT_RUN);
  Script script;
  const Value cancelled = script.call("graph_cancel", {1});
  auto other = start(script);
  EXPECT_EQ(result_of(*other, cancelled), DW_E_INVALID);
  EXPECT_TRUE(asking->run());
}

TEST_F(Neighbours, a_limit_that_one_guest_reached_is_its_own) {
  services.limits.handles = 2;
  Script greedy;
  std::vector<Value> shared;
  for (std::uint32_t page = 0; page < 3; ++page) {
    shared.push_back(greedy.call("window_share", {page * kPage, kPage, DW_READ}));
  }
  Script modest = greedy;
  auto first = start(greedy);
  EXPECT_EQ(result_of(*first, shared[1]), 2);
  EXPECT_EQ(result_of(*first, shared[2]), DW_E_LIMIT);
  auto second = start(modest);
  EXPECT_EQ(result_of(*second, shared[1]), 2);
}

}  // namespace
}  // namespace driftwood::guest
