#include <gtest/gtest.h>

#include "device/null/null_device.h"
#include "driftwood_program.hpp"
#include "guest/test_support.h"

namespace driftwood::guest {
namespace {

using test::result_of;
using test::Script;
using test::Value;

constexpr std::uint32_t kPage = 65536;
constexpr std::uint32_t kProgram = 8192, kBindings = Script::kFree, kSymbols = Script::kFree + 256;
constexpr std::uint32_t kShape = Script::kFree + 512;
constexpr std::uint64_t kTimeoutNs = 1'000'000'000;

// y = x + x over [rows, 64] windows, x in slot 0 and y in slot 1; rows is at most 512.
std::vector<std::uint8_t> add_program() {
  sdk::Program program;
  const sdk::Symbol rows = program.symbol(512);
  const sdk::Tensor x = program.window(sdk::DType::f32, {rows, 64});
  const sdk::Tensor y = program.window(sdk::DType::f32, {rows, 64});
  program.record(sdk::OpNumber::add, {x, x}, {y});
  return program.encode();
}

// Appends the rows of a window [rows, 2, 8] to one plane of a state.
std::vector<std::uint8_t> append_program() {
  sdk::Program program;
  const sdk::Symbol rows = program.symbol(512);
  const sdk::Tensor x = program.window(sdk::DType::f32, {rows, 2, 8});
  program.record(sdk::OpNumber::append_rows, {x},
                 {program.state_plane(0, 0, sdk::DType::f32, 2, 8)});
  return program.encode();
}

class AbiRun : public test::HostedGuest {
 protected:
  Script script;

  Value compile_program(const std::vector<std::uint8_t>& program) {
    script.data(kProgram, program.data(), program.size());
    return script.call("graph_compile", {0, kProgram, static_cast<std::int64_t>(program.size())});
  }

  // Compiles the addition and binds its slots, x at 0 and y at `y_offset` of a window of two pages.
  Value bound_addition(std::uint32_t y_offset = kPage, std::uint32_t access = DW_READ_WRITE) {
    const Value graph = compile_program(add_program());
    script.call("window_share", {4 * kPage, 2 * kPage, access});
    script.words(kBindings, {DW_SLOT_WINDOW, 0, 2, 0, DW_SLOT_WINDOW, 1, 2, y_offset});
    bind_ = script.call("graph_bind", {graph, kBindings, 2});
    return graph;
  }
  Value start_run(Value graph, std::uint32_t rows) {
    script.code(fmt::format("(i32.store (i32.const {}) (i32.const {}))", kSymbols, rows));
    return script.call("graph_start", {graph, kSymbols, 1});
  }

  // Does the run that the guest asked for.
  Result<void> do_run(const Guest& guest) {
    const RunRequest& request = *guest.run();
    const auto serial = device->submit(request.executable, {&request.sequence, 1});
    if (!serial) return pass_on(serial);
    return device->wait(*serial, kTimeoutNs);
  }

  Value bind_ = 0;
};

TEST_F(AbiRun, a_run_points_at_the_guests_own_bytes) {
  const Value graph = bound_addition();
  const Value run = start_run(graph, 3);
  auto guest = start(script, DW_NEXT_RUN);
  EXPECT_EQ(result_of(*guest, bind_), 0);
  EXPECT_EQ(result_of(*guest, run), 1);
  ASSERT_TRUE(guest->run());
  const RunRequest& request = *guest->run();
  EXPECT_EQ(request.number, 1u);
  EXPECT_EQ(request.sequence.symbols, std::vector<std::uint32_t>{3});
  ASSERT_EQ(request.sequence.windows.size(), 2u);
  EXPECT_EQ(request.sequence.windows[0].buffer->contents(), guest->region().base() + 4 * kPage);
  EXPECT_EQ(request.sequence.windows[1].offset_bytes, kPage);
  EXPECT_TRUE(do_run(*guest));
  EXPECT_TRUE(guest->resume(Event::run_done));
  EXPECT_FALSE(guest->run());
}

TEST_F(AbiRun, the_cpu_device_computes_in_the_guests_memory) {
  device = device::open_device("cpu", {.thread_count = 1, .isa = ""}).value();
  services.device = device.get();
  const Value graph = bound_addition();
  script.code(fmt::format("(f32.store (i32.const {}) (f32.const 1.5))", 4 * kPage + 4));
  start_run(graph, 2);
  auto guest = start(script, DW_NEXT_RUN);
  const auto done = do_run(*guest);
  ASSERT_TRUE(done) << done.error().message();
  float sum;
  std::memcpy(&sum, guest->region().base() + 5 * kPage + 4, sizeof sum);
  EXPECT_EQ(sum, 3.0f);
  EXPECT_EQ(device->copied_bytes().total(), 0u);
}

TEST_F(AbiRun, symbols_are_copied_at_the_start) {
  const Value graph = bound_addition();
  start_run(graph, 3);
  script.code(fmt::format("(i32.store (i32.const {}) (i32.const 500))", kSymbols));
  auto guest = start(script, DW_NEXT_RUN);
  EXPECT_EQ(guest->run()->sequence.symbols, std::vector<std::uint32_t>{3});
}

TEST_F(AbiRun, what_a_run_uses_outlives_its_handles) {
  const Value graph = bound_addition();
  start_run(graph, 3);
  for (const int handle : {1, 2}) EXPECT_GE(script.call("release", {handle}).number, 0);
  auto guest = start(script, DW_NEXT_RUN);
  EXPECT_EQ(guest->region().import_count(), 1u);
  EXPECT_TRUE(do_run(*guest));
  EXPECT_TRUE(guest->resume(Event::run_done));
  EXPECT_EQ(guest->region().import_count(), 0u);
}

TEST_F(AbiRun, a_released_window_lives_until_its_graph_goes) {
  const Value graph = bound_addition();
  script.call("release", {2});
  const Value taken = script.call("window_share", {4 * kPage, kPage, DW_READ});
  script.call("release", {graph});
  const Value free = script.call("window_share", {4 * kPage, kPage, DW_READ});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, taken), DW_E_INVALID);
  EXPECT_GT(result_of(*guest, free), 0);
}

TEST_F(AbiRun, one_run_at_a_time) {
  const Value graph = bound_addition();
  start_run(graph, 3);
  const Value second = start_run(graph, 4);
  const Value other = script.call("graph_cancel", {2});
  const Value cancelled = script.call("graph_cancel", {1});
  const Value again = script.call("graph_cancel", {1});
  const Value third = start_run(graph, 5);
  auto guest = start(script, DW_NEXT_RUN);
  EXPECT_EQ(result_of(*guest, second), DW_E_INVALID);
  EXPECT_EQ(result_of(*guest, other), DW_E_INVALID);
  EXPECT_EQ(result_of(*guest, cancelled), 0);
  EXPECT_EQ(result_of(*guest, again), DW_E_INVALID);
  EXPECT_EQ(result_of(*guest, third), 2);
  EXPECT_EQ(guest->run()->sequence.symbols, std::vector<std::uint32_t>{5});
}

TEST_F(AbiRun, a_guest_that_does_not_wait_for_its_run_has_failed) {
  start_run(bound_addition(), 3);
  script.end_phase(DW_NEXT_IDLE);
  auto guest = create(script.wat()).value();
  const auto next = guest->start();
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code(), ErrorCode::guest_failed);
  EXPECT_FALSE(guest->run());
}

TEST_F(AbiRun, starts_that_break_a_rule_are_refused) {
  const Value unbound = compile_program(add_program());
  std::vector<Value> refused = {start_run(unbound, 1)};
  script.call("window_share", {4 * kPage, 2 * kPage, DW_READ_WRITE});
  script.words(kBindings, {DW_SLOT_WINDOW, 0, 2, 0, DW_SLOT_WINDOW, 1, 2, 2 * kPage - 256});
  script.call("graph_bind", {unbound, kBindings, 2});
  refused.push_back(start_run(unbound, 513));  // over the maximum
  refused.push_back(start_run(unbound, ~0u));
  refused.push_back(start_run(unbound, 2));                               // y reaches out by a row
  refused.push_back(script.call("graph_start", {unbound, kSymbols, 0}));  // too few symbols
  refused.push_back(script.call("graph_start", {unbound, kSymbols, 2}));  // too many
  refused.push_back(script.call("graph_start", {unbound, 8 * kPage - 3, 1}));  // outside the memory
  refused.push_back(script.call("graph_start", {2, kSymbols, 1}));             // a window
  const Value fits = start_run(unbound, 1);
  auto guest = start(script, DW_NEXT_RUN);
  for (const Value step : refused) EXPECT_EQ(result_of(*guest, step), DW_E_INVALID) << step.number;
  EXPECT_EQ(result_of(*guest, fits), 1);
}

TEST_F(AbiRun, binding_is_all_or_nothing) {
  const Value graph = compile_program(add_program());
  script.call("window_share", {4 * kPage, 2 * kPage, DW_READ_WRITE});
  script.words(kBindings, {DW_SLOT_WINDOW, 0, 2, 0, DW_SLOT_WINDOW, 2, 2, 0});
  const Value bound = script.call("graph_bind", {graph, kBindings, 2});
  const Value started = start_run(graph, 1);
  const Value text = script.call("error_text", {Script::kFree + 1024, 100});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, bound), DW_E_INVALID);
  EXPECT_EQ(result_of(*guest, started), DW_E_INVALID);
  EXPECT_EQ(test::read_text(*guest, Script::kFree + 1024,
                            static_cast<std::size_t>(result_of(*guest, text))),
            "Nothing is bound to window slot 0.");
}

TEST_F(AbiRun, bindings_that_break_a_rule_are_refused) {
  const Value graph = compile_program(add_program());
  script.call("window_share", {4 * kPage, kPage, DW_READ});
  script.words(kShape, {DW_F32, 1, 2, 8, 100});
  script.call("state_append", {kShape});
  const std::vector<std::vector<std::uint32_t>> records = {
      {0, 0, 2, 0},               // no kind
      {4, 0, 2, 0},               // no such kind
      {DW_SLOT_WINDOW, 2, 2, 0},  // no such slot
      {DW_SLOT_WINDOW, ~0u, 2, 0},
      {DW_SLOT_WINDOW, 0, 2, 2},          // not a multiple of 4
      {DW_SLOT_WINDOW, 0, 2, kPage + 4},  // over the window
      {DW_SLOT_WINDOW, 0, 3, 0},          // a state
      {DW_SLOT_WINDOW, 0, 9, 0},          // no such handle
      {DW_SLOT_WINDOW, 1, 2, 0},          // written, but shared for reading
      {DW_SLOT_STATE, 0, 3, 0},           // the program has no state
      {DW_SLOT_REGISTER, 0, 3, 0},        // nor a register
  };
  std::vector<Value> steps;
  for (std::uint32_t i = 0; i < records.size(); ++i) {
    script.words(kBindings + 16 * i, records[i]);
    steps.push_back(script.call("graph_bind", {graph, kBindings + 16 * i, 1}));
  }
  steps.push_back(script.call("graph_bind", {graph, 0, 3}));           // the program has two slots
  steps.push_back(script.call("graph_bind", {graph, 0, 0x10000000}));  // 2^32 bytes
  steps.push_back(script.call("graph_bind", {graph, 8 * kPage - 15, 1}));
  steps.push_back(script.call("graph_bind", {2, kBindings, 1}));
  auto guest = start(script);
  for (const Value step : steps) EXPECT_EQ(result_of(*guest, step), DW_E_INVALID) << step.number;
}

TEST_F(AbiRun, programs_that_are_none_are_refused) {
  const std::vector<std::uint8_t> program = add_program();
  script.data(kProgram, program.data(), program.size());
  const auto size = static_cast<std::int64_t>(program.size());
  const std::vector<Value> steps = {
      script.call("graph_compile", {0, kProgram, 0}),
      script.call("graph_compile", {0, kProgram, size - 1}),
      script.call("graph_compile", {0, kProgram + 4, size}),
      script.call("graph_compile", {0, 8 * kPage - 10, size}),
      script.call("graph_compile", {1, kProgram, size}),
  };
  auto guest = start(script);
  for (const Value step : steps) EXPECT_EQ(result_of(*guest, step), DW_E_INVALID) << step.number;
}

TEST_F(AbiRun, more_bindings_than_slots_are_refused_before_they_are_read) {
  const Value graph = compile_program(add_program());
  const Value bound = script.call("graph_bind", {graph, 0, 3});
  const Value text = script.call("error_text", {Script::kFree + 1024, 100});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, bound), DW_E_INVALID);
  EXPECT_EQ(test::read_text(*guest, Script::kFree + 1024,
                            static_cast<std::size_t>(result_of(*guest, text))),
            "3 bindings are given, but the program has 2 slots.");
}

TEST_F(AbiRun, programs_have_a_limit_and_a_released_one_gives_its_bytes_back) {
  const std::vector<std::uint8_t> program = add_program();
  const auto size = static_cast<std::int64_t>(program.size());
  services.limits.program_bytes = 2 * program.size() + 1;
  const Value first = compile_program(program);
  script.call("graph_compile", {0, kProgram, size});
  const Value over = script.call("graph_compile", {0, kProgram, size});
  script.call("release", {first});
  const Value again = script.call("graph_compile", {0, kProgram, size});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, over), DW_E_LIMIT);
  EXPECT_GT(result_of(*guest, again), 0);
}

TEST_F(AbiRun, a_weight_without_a_model_is_not_found) {
  sdk::Program program;
  const sdk::Tensor x = program.window(sdk::DType::f32, {1, 64});
  const sdk::Tensor y = program.window(sdk::DType::f32, {1, 64});
  program.rms_norm(x, program.weight("norm.weight", sdk::DType::f32, {64}), 1e-5, y);
  const Value graph = compile_program(program.encode());
  const Value text = script.call("error_text", {Script::kFree, 200});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, graph), DW_E_NOT_FOUND);
  EXPECT_NE(
      test::read_text(*guest, Script::kFree, static_cast<std::size_t>(result_of(*guest, text)))
          .find("norm.weight"),
      std::string::npos);
}

// A graph that appends to state 2, of at most `most_rows`, from window 3.
class AbiRunState : public AbiRun {
 protected:
  Value bound_append(std::uint32_t most_rows, std::uint32_t heads = 2) {
    const Value graph = compile_program(append_program());
    script.words(kShape, {DW_F32, 1, heads, 8, most_rows});
    script.call("state_append", {kShape});
    script.call("window_share", {4 * kPage, kPage, DW_READ});
    script.words(kBindings, {DW_SLOT_WINDOW, 0, 3, 0, DW_SLOT_STATE, 0, 2, 0});
    bind_ = script.call("graph_bind", {graph, kBindings, 2});
    return graph;
  }
};

TEST_F(AbiRunState, rows_are_live_after_the_run) {
  start_run(bound_append(100), 20);
  const Value in_flight = script.call("state_truncate", {2, 0});
  script.end_phase(DW_NEXT_RUN);
  const Value length = script.call("state_length", {2});
  const Value truncated = script.call("state_truncate", {2, 5});
  const Value shorter = script.call("state_length", {2});
  script.end_phase(DW_NEXT_IDLE);
  auto guest = create(script.wat()).value();
  ASSERT_EQ(guest->start(), Next::run);
  EXPECT_EQ(result_of(*guest, in_flight), DW_E_INVALID);
  ASSERT_TRUE(do_run(*guest));
  ASSERT_EQ(guest->resume(Event::run_done), Next::idle);
  EXPECT_EQ(result_of(*guest, length), 20);
  EXPECT_EQ(result_of(*guest, truncated), 0);
  EXPECT_EQ(result_of(*guest, shorter), 5);
}

TEST_F(AbiRunState, a_full_state_refuses_the_run) {
  const Value graph = bound_append(20);
  const Value over = start_run(graph, 21);
  const Value fits = start_run(graph, 20);
  auto guest = start(script, DW_NEXT_RUN);
  EXPECT_EQ(result_of(*guest, over), DW_E_LIMIT);
  EXPECT_EQ(result_of(*guest, fits), 1);
}

TEST_F(AbiRunState, the_quota_counts_blocks) {
  services.limits.device_bytes = 2 * 16 * 2 * 8 * 4;  // two blocks
  const Value graph = bound_append(1000);
  const Value over = start_run(graph, 33);
  const Value fits = start_run(graph, 32);
  auto guest = start(script, DW_NEXT_RUN);
  EXPECT_EQ(result_of(*guest, over), DW_E_LIMIT);
  EXPECT_EQ(result_of(*guest, fits), 1);
}

TEST_F(AbiRunState, a_state_of_another_shape_is_refused) {
  bound_append(100, 3);
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, bind_), DW_E_INVALID);
}

// Adds the window [4] in handle 2 to each of two registers.
class AbiRunRegister : public AbiRun {
 protected:
  Value compiled() {
    sdk::Program program;
    const sdk::Tensor x = program.window(sdk::DType::f32, {4});
    for (int i = 0; i < 2; ++i) {
      const auto sum = program.state_register(sdk::DType::f32, {4});
      program.add(sum.before, x, sum.after);
    }
    const Value graph = compile_program(program.encode());
    script.call("window_share", {4 * kPage, kPage, DW_READ});
    return graph;
  }
  Value make(std::uint32_t dtype, std::uint32_t size) {
    const std::uint32_t at = kShape + 32 * shapes_++;
    script.words(at, {dtype, 1, size, 0, 0, 0});
    return script.call("state_register", {at});
  }
  Value bind(Value graph, std::vector<std::uint32_t> records) {
    const std::uint32_t at = kBindings + 64 * binds_++;
    script.words(at, records);
    return script.call("graph_bind", {graph, at, static_cast<std::int64_t>(records.size() / 4)});
  }

 private:
  std::uint32_t shapes_ = 0, binds_ = 0;
};

TEST_F(AbiRunRegister, a_value_goes_from_run_to_run_and_outlives_its_handle) {
  device = device::open_device("cpu", {.thread_count = 1, .isa = ""}).value();
  services.device = device.get();
  const Value graph = compiled();
  make(DW_F32, 4);
  make(DW_F32, 4);
  bind(graph, {DW_SLOT_WINDOW, 0, 2, 0, DW_SLOT_REGISTER, 0, 3, 0, DW_SLOT_REGISTER, 1, 4, 0});
  script.code(fmt::format("(f32.store (i32.const {}) (f32.const 1.5))", 4 * kPage + 4));
  for (int run = 0; run < 2; ++run) {
    script.call("graph_start", {graph, 0, 0});
    script.call("release", {3 + run});
    script.end_phase(DW_NEXT_RUN);
  }
  auto guest = create(script.wat()).value();
  ASSERT_EQ(guest->start(), Next::run);
  for (int run = 0; run < 2; ++run) {
    ASSERT_TRUE(do_run(*guest));
    for (const device::RegisterState* sum : guest->run()->sequence.registers) {
      float value;
      const device::BufferPlace place = sum->before();
      std::memcpy(&value, place.buffer->contents() + place.offset_bytes + 4, sizeof value);
      EXPECT_EQ(value, 1.5f * static_cast<float>(run + 1));
    }
    ASSERT_TRUE(guest->resume(Event::run_done));
  }
  EXPECT_EQ(device->copied_bytes().total(), 0u);
}

TEST_F(AbiRunRegister, bindings_and_starts_that_break_a_rule_are_refused) {
  const Value graph = compiled();
  make(DW_F32, 4);
  make(DW_F32, 5);
  make(DW_I32, 4);
  bind(graph, {DW_SLOT_WINDOW, 0, 2, 0, DW_SLOT_REGISTER, 0, 3, 0});
  std::vector<Value> refused;
  refused.push_back(script.call("graph_start", {graph, 0, 0}));  // slot 1 is not bound
  refused.push_back(bind(graph, {DW_SLOT_REGISTER, 1, 4, 0}));   // another shape
  refused.push_back(bind(graph, {DW_SLOT_REGISTER, 1, 5, 0}));   // another dtype
  refused.push_back(bind(graph, {DW_SLOT_REGISTER, 2, 3, 0}));   // no such slot
  refused.push_back(bind(graph, {DW_SLOT_REGISTER, 1, 3, 4}));   // an offset
  refused.push_back(bind(graph, {DW_SLOT_REGISTER, 1, 2, 0}));   // a window
  refused.push_back(bind(graph, {DW_SLOT_STATE, 0, 3, 0}));      // no append state
  refused.push_back(script.call("state_length", {3}));           // a register has no rows
  refused.push_back(script.call("state_truncate", {3, 0}));
  const Value twice = bind(graph, {DW_SLOT_REGISTER, 1, 3, 0});
  refused.push_back(script.call("graph_start", {graph, 0, 0}));
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, twice), 0);
  for (const Value step : refused) EXPECT_EQ(result_of(*guest, step), DW_E_INVALID) << step.number;
}

TEST_F(AbiRunRegister, the_quota_counts_registers_and_rows_together) {
  const std::vector<std::uint8_t> append = append_program();
  script.data(2 * kPage, append.data(), append.size());
  const Value graph =
      script.call("graph_compile", {0, 2 * kPage, static_cast<std::int64_t>(append.size())});
  script.words(3 * kPage, {DW_F32, 1, 2, 8, 1000});
  script.call("state_append", {3 * kPage});
  script.call("window_share", {4 * kPage, kPage, DW_READ});
  bind(graph, {DW_SLOT_WINDOW, 0, 3, 0, DW_SLOT_STATE, 0, 2, 0});
  const std::uint64_t block_bytes = 16 * 2 * 8 * 4;
  services.limits.device_bytes = block_bytes + 2 * 256;
  const Value first = make(DW_F32, 64);
  const Value over = start_run(graph, 17);  // a second block
  const Value fits = start_run(graph, 16);
  script.end_phase(DW_NEXT_RUN);
  const Value second = make(DW_F32, 1);
  script.call("release", {first});
  const Value again = make(DW_F32, 64);
  script.end_phase(DW_NEXT_IDLE);
  auto guest = create(script.wat()).value();
  ASSERT_EQ(guest->start(), Next::run);
  ASSERT_TRUE(do_run(*guest));
  ASSERT_EQ(guest->resume(Event::run_done), Next::idle);
  EXPECT_GT(result_of(*guest, first), 0);
  EXPECT_EQ(result_of(*guest, over), DW_E_LIMIT);
  EXPECT_EQ(result_of(*guest, fits), 1);
  EXPECT_EQ(result_of(*guest, second), DW_E_LIMIT);
  EXPECT_GT(result_of(*guest, again), 0);
}

}  // namespace
}  // namespace driftwood::guest
