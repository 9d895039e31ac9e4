// A program of a few hundred bytes can ask for any amount of the device's memory. All of it counts
// against what its guest may have: states, registers, and the temporaries of a run.
#include "driftwood_program.hpp"
#include "guest/test_support.h"
#include "support/devices.h"

namespace driftwood::guest {
namespace {

using test::result_of;
using test::Script;
using test::Value;

constexpr std::uint32_t kPage = 65536;
constexpr std::uint32_t kWidth = 16384;  // of a row that fills a window of one page
constexpr std::uint32_t kProgram = 8192, kBindings = Script::kFree, kSymbols = Script::kFree + 256;
constexpr std::uint32_t kShape = Script::kFree + 512, kText = Script::kFree + 1024;
constexpr std::uint64_t kPatienceNs = 60'000'000'000;

class DeviceMemory : public test::HostedGuest, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    DW_NEED_DEVICE(GetParam());
    device = driftwood::test::open_device_of_kind(GetParam(), {.thread_count = 1});
    services.device = device.get();
  }

  // Makes as many copies of one row as the guest asks for, each 64 KiB of temporaries, out of zeros
  // in a second window of one page.
  Value bound_copies() {
    sdk::Program program;
    const sdk::Symbol rows = program.symbol(kPage / 4);
    const sdk::Tensor x = program.window(sdk::DType::f32, {1, kWidth});
    program.select_rows(x, program.window(sdk::DType::i32, {rows}));
    const Value graph = compile(program);
    script.call("window_share", {4 * kPage, 2 * kPage, DW_READ});
    script.words(kBindings, {DW_SLOT_WINDOW, 0, 2, 0, DW_SLOT_WINDOW, 1, 2, kPage});
    script.call("graph_bind", {graph, kBindings, 2});
    return graph;
  }
  Value compile(const sdk::Program& program) {
    const auto encoded = program.encode();
    script.data(kProgram, encoded.data(), encoded.size());
    return script.call("graph_compile", {0, kProgram, static_cast<std::int64_t>(encoded.size())});
  }
  Value start_run(Value graph, std::uint32_t rows) {
    script.code(fmt::format("(i32.store (i32.const {}) (i32.const {}))", kSymbols, rows));
    return script.call("graph_start", {graph, kSymbols, 1});
  }
  Value make_register(std::uint32_t bytes) {  // of its two values together
    script.code(fmt::format("(i32.store (i32.const {}) (i32.const {}))", kShape, +DW_F32));
    script.code(fmt::format("(i32.store (i32.const {}) (i32.const 1))", kShape + 4));
    script.code(fmt::format("(i32.store (i32.const {}) (i32.const {}))", kShape + 8, bytes / 8));
    return script.call("state_register", {kShape});
  }

  Result<void> do_run(const Guest& guest) {
    const RunRequest& request = *guest.run();
    DW_TRY_ASSIGN(const auto serial, device->submit(request.executable, {&request.sequence, 1}));
    return device->wait(serial, kPatienceNs);
  }

  Script script;
};

INSTANTIATE_TEST_SUITE_P(On, DeviceMemory, driftwood::test::kEveryDevice,
                         driftwood::test::device_kind);

TEST_P(DeviceMemory, temporaries_of_a_run_are_counted_at_its_start) {
  services.limits.device_bytes = 100 * kPage;
  const Value graph = bound_copies();
  const Value over = start_run(graph, 101);
  const Value text = script.call("error_text", {kText, 200});
  const Value most = start_run(graph, kPage / 4);  // 1 GiB
  const Value fits = start_run(graph, 100);
  auto guest = start(script, DW_NEXT_RUN);
  EXPECT_EQ(result_of(*guest, over), DW_E_LIMIT);
  EXPECT_EQ(result_of(*guest, most), DW_E_LIMIT);
  EXPECT_EQ(result_of(*guest, fits), 1);
  EXPECT_EQ(test::read_text(*guest, kText, static_cast<std::size_t>(result_of(*guest, text))),
            "The guest's states, registers and temporaries would take 6619136 bytes of the device, "
            "over its limit of 6553600.");
  EXPECT_TRUE(do_run(*guest));
}

TEST_P(DeviceMemory, what_is_under_the_limit_at_every_symbol_value_is_let_through) {
  services.limits.device_bytes = std::uint64_t{kPage} * (kPage / 4);
  const Value fits = start_run(bound_copies(), kPage / 4);
  auto guest = start(script, DW_NEXT_RUN);
  EXPECT_EQ(result_of(*guest, fits), 1);
}

TEST_P(DeviceMemory, a_run_and_registers_share_one_limit) {
  services.limits.device_bytes = 100 * kPage;
  const Value graph = bound_copies();
  const Value held = make_register(40 * kPage);
  const Value over = start_run(graph, 61);
  const Value fits = start_run(graph, 50);
  const Value beside = make_register(10 * kPage + 8);  // while the run was asked for
  const Value last = make_register(10 * kPage);
  script.end_phase(DW_NEXT_RUN);
  const Value after = make_register(50 * kPage);  // and when its temporaries are gone
  script.end_phase(DW_NEXT_IDLE);
  auto guest = create(script.wat()).value();
  ASSERT_EQ(guest->start(), Next::run);
  ASSERT_TRUE(do_run(*guest));
  ASSERT_TRUE(guest->resume(Event::run_done));
  EXPECT_GT(result_of(*guest, held), 0);
  EXPECT_EQ(result_of(*guest, over), DW_E_LIMIT);
  EXPECT_EQ(result_of(*guest, fits), 1);
  EXPECT_EQ(result_of(*guest, beside), DW_E_LIMIT);
  EXPECT_GT(result_of(*guest, last), 0);
  EXPECT_GT(result_of(*guest, after), 0);
}

TEST_P(DeviceMemory, rows_that_a_run_appends_count_beside_what_is_made_after_it_was_asked_for) {
  constexpr std::uint32_t kBlockBytes = 16 * 4 * 4;
  services.limits.device_bytes = 3 * kBlockBytes;
  sdk::Program program;
  const sdk::Tensor x = program.window(sdk::DType::f32, {17, 1, 4});
  program.append_rows(x, program.state_plane(0, 0, sdk::DType::f32, 1, 4));
  const Value graph = compile(program);
  script.call("window_share", {4 * kPage, kPage, DW_READ});
  script.words(kText, {DW_F32, 1, 1, 4, 64});
  script.call("state_append", {kText});
  script.words(kBindings, {DW_SLOT_WINDOW, 0, 2, 0, DW_SLOT_STATE, 0, 3, 0});
  script.call("graph_bind", {graph, kBindings, 2});
  const Value run = script.call("graph_start", {graph, 0, 0});  // two blocks
  const Value over = make_register(kBlockBytes + 8);
  const Value fits = make_register(kBlockBytes);
  auto guest = start(script, DW_NEXT_RUN);
  EXPECT_EQ(result_of(*guest, run), 1);
  EXPECT_EQ(result_of(*guest, over), DW_E_LIMIT);
  EXPECT_GT(result_of(*guest, fits), 0);
  EXPECT_TRUE(do_run(*guest));
}

}  // namespace
}  // namespace driftwood::guest
