#include "guest/import_table.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "guest/test_support.h"

namespace driftwood::guest {
namespace {

#if defined(DRIFTWOOD_THREAD_SANITIZED)

constexpr int kFindingExitCode = 66;  // ThreadSanitizer's own

// Two guests on threads of their own, whose imports write one number.
[[noreturn]] void race_inside_an_import() {
  test::Script script;
  const std::string asked_often =
      "(local $i i32) (loop $l (drop (call $now (i32.const 4096)))"
      "(br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))"
      "(i32.const 1000000))))";
  script.extra = "(func $ask " + asked_often + ")";
  script.call("now", {test::Script::kFree});
  script.code("(call $ask)");
  script.end_phase(DW_NEXT_IDLE);
  const auto module = test::compile(script.wat()).value();
  std::uint64_t raced = 0;
  const auto run_guest = [&] {
    const auto device = device::open_device("null", {}).value();
    Services services;
    services.device = device.get();
    services.write_output = [](std::string_view) {};
    services.random_bits = [] { return std::uint64_t{1}; };
    services.now_ns = [&raced] { return ++raced; };
    (void)Guest::create(module, services).value()->start();
  };
  std::thread other(run_guest);
  run_guest();
  other.join();
  std::exit(0);
}

// A suppression of Wasmtime's frames would hide it: one of them stands above every import.
TEST(Imports, a_race_inside_one_is_reported) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(race_inside_an_import(), testing::ExitedWithCode(kFindingExitCode), "data race");
}

#endif

}  // namespace
}  // namespace driftwood::guest
