#include "guest/snapshot.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "driftwood_program.hpp"
#include "guest/test_support.h"

namespace driftwood::guest {
namespace {

using test::Script;
using Kind = Snapshot::Kind;

constexpr std::uint32_t kPage = 65536, kProgram = 8192, kWords = Script::kFree;

// A guest with two windows, a state, two registers and two graphs, some of them bound, some given
// back; it has a message, an error and half a line.
class SnapshotOf : public test::HostedGuest {
 protected:
  SnapshotOf() {
    sdk::Program program;
    const sdk::Tensor x = program.window(sdk::DType::f32, {16});
    program.add(x, x, program.window(sdk::DType::f32, {16}));
    const auto h = program.state_register(sdk::DType::f32, {4});
    program.add(h.before, h.before, h.after);
    const auto encoded = program.encode();
    Script script;
    script.extra = "(global $spare (mut i64) (i64.const -5))";
    script.data(kProgram, encoded.data(), encoded.size());
    script.words(kWords, {DW_F32, 2, 1, 4, 64, DW_F32, 1, 4, 0, 0, 0});
    script.words(kWords + 64, {DW_SLOT_WINDOW, 0, 1, 0, DW_SLOT_WINDOW, 1, 1, 64});
    script.words(kWords + 96, {DW_SLOT_REGISTER, 0, 4, 0});
    const std::int64_t size = static_cast<std::int64_t>(encoded.size());
    script.call("window_share", {4 * kPage, kPage, DW_READ_WRITE});  // 1
    script.call("window_share", {6 * kPage, kPage, DW_READ});        // 2
    script.call("state_append", {kWords});                           // 3
    script.call("state_register", {kWords + 20});                    // 4, bound and given back
    script.call("state_register", {kWords + 20});                    // 5
    const auto first = script.call("graph_compile", {0, kProgram, size});  // 6
    script.call("graph_compile", {0, kProgram, size});                     // 7
    script.call("graph_bind", {first, kWords + 64, 2});
    script.call("graph_bind", {first, kWords + 96, 1});
    script.call("release", {4});
    script.call("release", {2});
    script.call("now", {kWords + 256});
    script.call("release", {99});  // for its sentence
    script.end_phase(DW_NEXT_IDLE);
    script.call("message_read", {kWords + 512, 64});
    script.end_phase(DW_NEXT_IDLE);
    module_ = test::compile(script.wat()).value();
    guest = Guest::create(module_, services).value();
    EXPECT_TRUE(guest->start());
    guest->set_message("hello");
  }

  Result<std::unique_ptr<Guest>> restore(const Snapshot& snapshot) {
    return Guest::restore(module_, services, snapshot,
                          [this](memory::Region& region) -> Result<void> {
                            std::ranges::copy(guest->region().bytes(), region.base());
                            return {};
                          });
  }

  void expect_refusal(const Snapshot& snapshot, ErrorCode code, std::string_view words) {
    const auto refused = restore(snapshot);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), code) << refused.error().message();
    EXPECT_NE(refused.error().message().find(words), std::string::npos)
        << refused.error().message();
  }

  std::unique_ptr<Guest> guest;

 private:
  std::shared_ptr<const Module> module_;
};

TEST_F(SnapshotOf, a_guest_says_what_is_alive_and_what_is_bound) {
  const auto snapshot = guest->snapshot();
  ASSERT_TRUE(snapshot) << snapshot.error().message();
  std::vector<std::pair<std::uint32_t, Kind>> handles;
  for (const auto& handle : snapshot->handles) handles.emplace_back(handle.number, handle.kind);
  EXPECT_EQ(handles, (std::vector<std::pair<std::uint32_t, Kind>>{{1, Kind::window},
                                                                  {3, Kind::state},
                                                                  {5, Kind::reg},
                                                                  {6, Kind::graph},
                                                                  {7, Kind::graph}}));
  EXPECT_EQ(snapshot->windows.size(), 1u);    // the other one is the guest's own again
  EXPECT_EQ(snapshot->registers.size(), 2u);  // one lives on in a binding alone
  EXPECT_EQ(snapshot->states.size(), 1u);
  ASSERT_EQ(snapshot->graphs.size(), 2u);
  EXPECT_EQ(snapshot->graphs[0].windows[1].window, 0u);
  EXPECT_EQ(snapshot->graphs[0].windows[1].offset_bytes, 64u);
  EXPECT_TRUE(snapshot->graphs[0].registers[0].has_value());
  EXPECT_FALSE(snapshot->graphs[1].windows[0].window.has_value());
  EXPECT_EQ(snapshot->last_handle, 7u);
  EXPECT_TRUE(snapshot->started);
  EXPECT_FALSE(snapshot->finished);
  EXPECT_EQ(snapshot->message, "hello");
  EXPECT_NE(snapshot->error_text.find("99"), std::string::npos);
  EXPECT_EQ(snapshot->memory_bytes, 8 * kPage);
  EXPECT_EQ(snapshot->globals.size(), 2u);
  EXPECT_EQ(read_inputs(snapshot->inputs.bytes())->size(), 2u);  // now, and the message
}

TEST_F(SnapshotOf, a_guest_that_was_restored_is_the_same_and_goes_on) {
  const auto before = guest->snapshot();
  const auto restored = restore(*before);
  ASSERT_TRUE(restored) << restored.error().message();
  const auto after = (*restored)->snapshot();
  ASSERT_TRUE(after);
  EXPECT_EQ(after->globals, before->globals);
  EXPECT_EQ(after->last_handle, before->last_handle);
  EXPECT_EQ(after->calls, before->calls);
  EXPECT_EQ(after->clock_ns, before->clock_ns);
  EXPECT_EQ(after->error_text, before->error_text);
  EXPECT_TRUE(std::ranges::equal(after->inputs.bytes(), before->inputs.bytes()));
  ASSERT_EQ(after->graphs.size(), 2u);
  EXPECT_EQ(after->graphs[0].executable, before->graphs[0].executable);
  EXPECT_EQ(after->graphs[0].registers, before->graphs[0].registers);
  EXPECT_TRUE((*restored)->resume(Event::message));
  EXPECT_EQ(test::read_text(**restored, kWords + 512, 5), "hello");
}

TEST_F(SnapshotOf, a_fork_has_states_and_registers_of_its_own) {
  const auto before = guest->snapshot();
  const auto copy = fork(*before);
  ASSERT_TRUE(copy);
  EXPECT_NE(copy->states[0], before->states[0]);
  EXPECT_EQ(copy->states[0]->shape(), before->states[0]->shape());
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_NE(copy->registers[i], before->registers[i]);
    EXPECT_EQ(copy->registers[i]->shape(), before->registers[i]->shape());
  }
  EXPECT_EQ(copy->handles.size(), before->handles.size());
}

TEST_F(SnapshotOf, refuses_numbers_over_the_largest) {
  auto snapshot = *guest->snapshot();
  snapshot.last_run = 0x80000000;
  expect_refusal(snapshot, ErrorCode::corrupt, "The last run");
  snapshot = *guest->snapshot();
  snapshot.last_handle = 0x80000000;
  expect_refusal(snapshot, ErrorCode::corrupt, "The last handle");
  snapshot.last_handle = 6;
  expect_refusal(snapshot, ErrorCode::corrupt, "The last handle");
}

TEST_F(SnapshotOf, refuses_handles_out_of_order_or_of_nothing) {
  auto snapshot = *guest->snapshot();
  std::swap(snapshot.handles[0], snapshot.handles[1]);
  expect_refusal(snapshot, ErrorCode::corrupt, "does not come after");
  for (const Kind kind : {Kind::window, Kind::state, Kind::reg, Kind::graph}) {
    snapshot = *guest->snapshot();
    snapshot.handles[0] = {1, kind, 2};
    expect_refusal(snapshot, ErrorCode::corrupt, "2, but there are");
  }
  snapshot = *guest->snapshot();
  snapshot.handles[0].kind = Kind::model;
  expect_refusal(snapshot, ErrorCode::corrupt, "which this actor cannot have");
  snapshot.handles[0].kind = static_cast<Kind>(Snapshot::kKinds);
  expect_refusal(snapshot, ErrorCode::corrupt, "of the kind 5");
}

TEST_F(SnapshotOf, refuses_bindings_of_other_slots_or_of_nothing) {
  auto snapshot = *guest->snapshot();
  snapshot.graphs[1].windows.pop_back();
  expect_refusal(snapshot, ErrorCode::corrupt, "binds 1 windows, but its program has 2");
  snapshot = *guest->snapshot();
  snapshot.graphs[1].states.emplace_back();
  expect_refusal(snapshot, ErrorCode::corrupt, "binds 1 states, but its program has 0");
  snapshot = *guest->snapshot();
  snapshot.graphs[1].registers.clear();
  expect_refusal(snapshot, ErrorCode::corrupt, "binds 0 registers, but its program has 1");
  snapshot = *guest->snapshot();
  snapshot.graphs[0].windows[0].window = 1;
  expect_refusal(snapshot, ErrorCode::corrupt, "names window 1, but there are 1");
  snapshot = *guest->snapshot();
  snapshot.graphs[0].registers[0] = 0xffffffff;
  expect_refusal(snapshot, ErrorCode::corrupt, "names register 4294967295");
}

TEST_F(SnapshotOf, refuses_windows_that_the_guest_could_not_share) {
  auto snapshot = *guest->snapshot();
  snapshot.windows.push_back(snapshot.windows[0]);
  expect_refusal(snapshot, ErrorCode::invalid_argument, "overlaps");
  snapshot.windows[1] = {8 * kPage, kPage, memory::Access::read};
  expect_refusal(snapshot, ErrorCode::invalid_argument, "outside the memory");
}

TEST_F(SnapshotOf, refuses_globals_that_are_not_the_modules) {
  auto snapshot = *guest->snapshot();
  snapshot.globals.pop_back();
  expect_refusal(snapshot, ErrorCode::corrupt, "1 globals");
  snapshot = *guest->snapshot();
  snapshot.globals[0].type = '?';
  expect_refusal(snapshot, ErrorCode::corrupt, "stands where");
}

TEST_F(SnapshotOf, refuses_more_than_the_guest_may_have) {
  const auto snapshot = *guest->snapshot();
  services.limits.handles = 4;
  expect_refusal(snapshot, ErrorCode::limit, "may have 4");
  services.limits = {.device_bytes = 100};
  expect_refusal(snapshot, ErrorCode::limit, "of the device");
  services.limits = {.program_bytes = 100};
  expect_refusal(snapshot, ErrorCode::limit, "programs");
}

TEST_F(SnapshotOf, refuses_what_its_memory_could_not_be_filled_with) {
  const auto snapshot = *guest->snapshot();
  const auto refused =
      Guest::restore(guest->module(), services, snapshot,
                     [](memory::Region&) -> Result<void> { return fail(ErrorCode::io, "Gone."); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "Gone.");
}

}  // namespace
}  // namespace driftwood::guest
