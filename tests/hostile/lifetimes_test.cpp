// Every wrong order of letting go (the picture in ARCHITECTURE.md, "Who releases what"): whoever
// still needs something keeps it, and the address space comes back with the last of them.
#include <memory>

#include "driftwood_program.hpp"
#include "guest/test_support.h"
#include "support/devices.h"

namespace driftwood::guest {
namespace {

using test::result_of;
using test::Script;
using test::Value;

constexpr std::uint32_t kPage = 65536;
constexpr std::uint32_t kProgram = 8192, kBindings = Script::kFree, kShape = Script::kFree + 256;
constexpr std::uint64_t kPatienceNs = 60'000'000'000;

// A guest that appends 16 rows of its window to a state, and what a test lets it
// do between asking for the run and waiting for it.
class Lifetimes : public test::HostedGuest, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    DW_NEED_DEVICE(GetParam());
    device = driftwood::test::open_device_of_kind(GetParam(), {.thread_count = 1});
    services.device = device.get();
    sdk::Program program;
    const sdk::Tensor x = program.window(sdk::DType::f32, {16, 1, 4});
    const sdk::Tensor y = program.window(sdk::DType::f32, {16, 1, 4});
    program.add(x, x, y);
    program.append_rows(x, program.state_plane(0, 0, sdk::DType::f32, 1, 4));
    const auto encoded = program.encode();
    script.data(kProgram, encoded.data(), encoded.size());
    script.words(kShape, {DW_F32, 1, 1, 4, 64});
    graph = script.call("graph_compile", {0, kProgram, static_cast<std::int64_t>(encoded.size())});
    window = script.call("window_share", {4 * kPage, kPage, DW_READ_WRITE});
    state = script.call("state_append", {kShape});
    script.words(kBindings,
                 {DW_SLOT_WINDOW, 0, 2, 0, DW_SLOT_WINDOW, 1, 2, 4096, DW_SLOT_STATE, 0, 3, 0});
    bound = script.call("graph_bind", {graph, kBindings, 3});
    run = script.call("graph_start", {graph, 0, 0});
  }

  Result<void> do_run(const Guest& guest) {
    const RunRequest& request = *guest.run();
    DW_TRY_ASSIGN(const auto serial, device->submit(request.executable, {&request.sequence, 1}));
    return device->wait(serial, kPatienceNs);
  }

  Script script;
  Value graph = 0, window = 0, state = 0, bound = 0, run = 0;
};

INSTANTIATE_TEST_SUITE_P(On, Lifetimes, driftwood::test::kEveryDevice,
                         driftwood::test::device_kind);

TEST_P(Lifetimes, handles_may_go_in_any_order_while_a_run_was_asked_for) {
  int orders[6][3] = {{1, 2, 3}, {1, 3, 2}, {2, 1, 3}, {2, 3, 1}, {3, 1, 2}, {3, 2, 1}};
  for (const auto& order : orders) {
    Script one = script;
    for (const int handle : order) one.call("release", {handle});
    auto guest = start(one, DW_NEXT_RUN);
    ASSERT_EQ(result_of(*guest, run), 1);
    const auto done = do_run(*guest);
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_EQ(guest->region().import_count(), 1u);
    EXPECT_TRUE(guest->resume(Event::run_done));
    EXPECT_EQ(guest->region().import_count(), 0u);
  }
}

TEST_P(Lifetimes, a_guest_may_go_while_its_run_was_asked_for_and_not_done) {
  for (const bool released : {false, true}) {
    Script one = script;
    if (released) {
      for (const int handle : {2, 3, 1}) one.call("release", {handle});
    }
    auto guest = start(one, DW_NEXT_RUN);
    ASSERT_TRUE(guest->run());
    guest.reset();
  }
}

TEST_P(Lifetimes, memory_grown_and_windows_shared_after_the_start_are_no_part_of_the_run) {
  script.code("(drop (memory.grow (i32.const 8)))");
  script.call("window_share", {8 * kPage, kPage, DW_READ_WRITE});
  script.call("state_truncate", {state, 0});
  auto guest = start(script, DW_NEXT_RUN);
  EXPECT_TRUE(do_run(*guest));
  EXPECT_EQ(guest->run()->sequence.states[0]->length_rows(), 16u);
}

TEST_P(Lifetimes, module_and_engine_may_go_before_their_guest) {
  script.end_phase(DW_NEXT_RUN);
  script.end_phase(DW_NEXT_IDLE);
  auto own_engine = Engine::create().value();
  auto module = Module::compile(own_engine, test::wasm_of(script.wat())).value();
  auto guest = Guest::create(module, services).value();
  module.reset();
  own_engine.reset();
  ASSERT_TRUE(guest->start());
  EXPECT_TRUE(do_run(*guest));
  EXPECT_TRUE(guest->resume(Event::run_done));
}

TEST_P(Lifetimes, an_executable_outlives_every_guest_that_compiled_it) {
  std::shared_ptr<const device::Executable> kept;
  {
    auto guest = start(script, DW_NEXT_RUN);
    kept = guest->run()->executable;
  }
  EXPECT_EQ(kept->program().windows.size(), 2u);
  Script again = script;
  auto guest = start(again, DW_NEXT_RUN);
  EXPECT_EQ(guest->run()->executable, kept);
  EXPECT_TRUE(do_run(*guest));
}

TEST_P(Lifetimes, a_guest_that_traps_with_a_run_asked_for_gives_all_of_it_back) {
  script.code("(unreachable)");
  script.end_phase(DW_NEXT_RUN);
  auto guest = create(script.wat()).value();
  EXPECT_FALSE(guest->start());
  EXPECT_FALSE(guest->run());
  EXPECT_EQ(guest->region().import_count(), 1u);
  guest.reset();
}

}  // namespace
}  // namespace driftwood::guest
