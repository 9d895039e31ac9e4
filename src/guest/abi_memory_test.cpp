#include <gtest/gtest.h>

#include "device/null/null_device.h"
#include "guest/test_support.h"

namespace driftwood::guest {
namespace {

using test::result_of;
using test::Script;
using test::Value;

class AbiMemory : public test::HostedGuest {};

constexpr std::uint32_t kPage = 65536;

TEST_F(AbiMemory, windows_are_shared_in_place) {
  Script script;
  const Value window = script.call("window_share", {kPage, 2 * kPage, DW_READ_WRITE});
  const Value last = script.call("window_share", {7 * kPage, kPage, DW_READ});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, window), 1);
  EXPECT_EQ(result_of(*guest, last), 2);
  EXPECT_EQ(guest->region().import_count(), 2u);
  EXPECT_EQ(device->copied_bytes().total(), 0u);
}

TEST_F(AbiMemory, windows_that_break_a_rule_are_refused) {
  Script refusals;
  refusals.call("window_share", {2 * kPage, 2 * kPage, DW_READ});
  std::vector<Value> steps;
  for (const auto& [address, size, access] : std::vector<std::array<std::int64_t, 3>>{
           {1, kPage, DW_READ},                    // unaligned
           {0, kPage - 1, DW_READ},                // not whole steps
           {0, 0, DW_READ},                        // empty
           {8 * kPage, kPage, DW_READ},            // outside
           {7 * kPage, 2 * kPage, DW_READ},        // reaches out
           {0xffff0000, kPage, DW_READ},           // wraps
           {kPage, 0xffff0000, DW_READ},           // wraps
           {2 * kPage, 2 * kPage, DW_READ_WRITE},  // the same, with more rights
           {kPage, 2 * kPage, DW_READ},            // overlaps its begin
           {3 * kPage, 2 * kPage, DW_READ},        // overlaps its end
           {0, kPage, 0},                          // no access
           {0, kPage, 2},                          // no such access
           {0, kPage, -1}}) {
    steps.push_back(refusals.call("window_share", {address, size, access}));
  }
  auto guest = start(refusals);
  for (const Value step : steps) EXPECT_EQ(result_of(*guest, step), DW_E_INVALID) << step.number;
  EXPECT_EQ(guest->region().import_count(), 1u);
}

TEST_F(AbiMemory, a_released_window_may_be_shared_again) {
  Script script;
  const Value first = script.call("window_share", {0, kPage, DW_READ});
  const Value released = script.call("release", {first});
  const Value again = script.call("window_share", {0, kPage, DW_READ_WRITE});
  const Value twice = script.call("release", {first});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, released), 0);
  EXPECT_EQ(result_of(*guest, again), 2);
  EXPECT_EQ(result_of(*guest, twice), DW_E_INVALID);
  EXPECT_EQ(guest->region().import_count(), 1u);
}

TEST_F(AbiMemory, a_refused_import_leaves_the_range_free) {
  static_cast<device::null::NullDevice&>(*device).fail_call(device::null::Call::import_host,
                                                            ErrorCode::unsupported);
  Script script;
  const Value refused = script.call("window_share", {0, kPage, DW_READ});
  const Value shared = script.call("window_share", {0, kPage, DW_READ});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, refused), DW_E_UNSUPPORTED);
  EXPECT_EQ(result_of(*guest, shared), 1);
  EXPECT_EQ(guest->region().import_count(), 1u);
}

TEST_F(AbiMemory, a_window_over_the_handle_limit_is_undone) {
  services.limits.handles = 1;
  Script script;
  const Value first = script.call("window_share", {0, kPage, DW_READ});
  const Value over = script.call("window_share", {kPage, kPage, DW_READ});
  script.call("release", {first});
  const Value shared = script.call("window_share", {kPage, kPage, DW_READ});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, over), DW_E_LIMIT);
  EXPECT_EQ(result_of(*guest, shared), 2);
}

TEST_F(AbiMemory, a_window_may_lie_in_memory_that_grew) {
  Script script;
  const Value before = script.call("window_share", {8 * kPage, kPage, DW_READ});
  script.expression("(memory.grow (i32.const 1))");
  const Value after = script.call("window_share", {8 * kPage, kPage, DW_READ});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, before), DW_E_INVALID);
  EXPECT_EQ(result_of(*guest, after), 1);
}

TEST_F(AbiMemory, a_state_is_made_from_its_shape) {
  Script script;
  script.words(Script::kFree, {DW_F32, 4, 2, 8, 100});
  const Value state = script.call("state_append", {Script::kFree});
  const Value length = script.call("state_length", {state});
  const Value nothing_dropped = script.call("state_truncate", {state, 0});
  const Value above = script.call("state_truncate", {state, 1});
  const Value not_a_window = script.call("graph_bind", {state, 0, 0});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, state), 1);
  EXPECT_EQ(result_of(*guest, length), 0);
  EXPECT_EQ(result_of(*guest, nothing_dropped), 0);
  EXPECT_EQ(result_of(*guest, above), DW_E_INVALID);
  EXPECT_EQ(result_of(*guest, not_a_window), DW_E_INVALID);
}

TEST_F(AbiMemory, shapes_that_no_state_has_are_refused) {
  Script script;
  const std::vector<std::vector<std::uint32_t>> shapes = {
      {0, 4, 2, 8, 100},        {99, 4, 2, 8, 100},       {DW_I32, 4, 2, 8, 100},
      {DW_F32, 0, 2, 8, 100},   {DW_F32, 4, 0, 8, 100},   {DW_F32, 4, 2, 0, 100},
      {DW_F32, 4, 2, 8, 0},     {DW_F32, ~0u, 2, 8, 100}, {DW_F32, 4, ~0u, 8, 100},
      {DW_F32, 4, 2, ~0u, 100}, {DW_F32, 4, 2, 8, ~0u}};
  std::vector<Value> steps;
  for (std::uint32_t i = 0; i < shapes.size(); ++i) {
    script.words(Script::kFree + 32 * i, shapes[i]);
    steps.push_back(script.call("state_append", {Script::kFree + 32 * i}));
  }
  steps.push_back(script.call("state_append", {8 * kPage - 19}));
  auto guest = start(script);
  for (const Value step : steps) EXPECT_EQ(result_of(*guest, step), DW_E_INVALID) << step.number;
}

TEST_F(AbiMemory, a_register_is_made_from_its_shape) {
  Script script;
  script.words(Script::kFree, {DW_F32, 2, 1, 128, 0, 0});
  script.words(Script::kFree + 32, {DW_I32, 0, 0, 0, 0, 0});  // a single number
  const Value first = script.call("state_register", {Script::kFree});
  const Value second = script.call("state_register", {Script::kFree + 32});
  const Value released = script.call("release", {first});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, first), 1);
  EXPECT_EQ(result_of(*guest, second), 2);
  EXPECT_EQ(result_of(*guest, released), 0);
}

TEST_F(AbiMemory, shapes_that_no_register_has_are_refused) {
  Script script;
  const std::vector<std::vector<std::uint32_t>> shapes = {
      {0, 1, 4, 0, 0, 0},         // no dtype
      {99, 1, 4, 0, 0, 0},        // no such dtype
      {DW_F32, 5, 1, 1, 1, 1},    // too many dimensions
      {DW_F32, ~0u, 1, 1, 1, 1},  // far too many
      {DW_F32, 1, 0, 0, 0, 0},    // nothing in it
      {DW_F32, 2, 4, 0, 0, 0},    // nothing in it
      {DW_F32, 1, 4, 4, 0, 0},    // a dimension beyond the rank
      {DW_F32, 0, 0, 0, 0, 1}};   // a dimension beyond the rank
  std::vector<Value> steps;
  for (std::uint32_t i = 0; i < shapes.size(); ++i) {
    script.words(Script::kFree + 32 * i, shapes[i]);
    steps.push_back(script.call("state_register", {Script::kFree + 32 * i}));
  }
  steps.push_back(script.call("state_register", {8 * kPage - 23}));
  script.words(Script::kFree + 512, {DW_F32, 4, ~0u, ~0u, ~0u, ~0u});
  const Value too_large = script.call("state_register", {Script::kFree + 512});
  auto guest = start(script);
  for (const Value step : steps) EXPECT_EQ(result_of(*guest, step), DW_E_INVALID) << step.number;
  EXPECT_EQ(result_of(*guest, too_large), DW_E_LIMIT);
}

TEST_F(AbiMemory, handles_that_are_not_alive_are_refused) {
  Script script;
  std::vector<Value> steps;
  for (const std::int64_t handle : {0, 1, -1, 0x7fffffff}) {
    steps.push_back(script.call("state_length", {handle}));
    steps.push_back(script.call("state_truncate", {handle, 0}));
    steps.push_back(script.call("release", {handle}));
  }
  auto guest = start(script);
  for (const Value step : steps) EXPECT_EQ(result_of(*guest, step), DW_E_INVALID) << step.number;
}

}  // namespace
}  // namespace driftwood::guest
