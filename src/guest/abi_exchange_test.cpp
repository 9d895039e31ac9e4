#include <gtest/gtest.h>

#include "guest/test_support.h"

namespace driftwood::guest {
namespace {

using test::read_text;
using test::result_of;
using test::Script;
using test::Value;

constexpr std::uint32_t kEnd = 8 * 65536;

class AbiExchange : public test::HostedGuest {
 protected:
  Script script;
};

TEST_F(AbiExchange, the_version_is_that_of_the_header) {
  const Value version = script.call("abi_version", {});
  EXPECT_EQ(result_of(*start(script), version), DW_ABI_VERSION);
}

TEST_F(AbiExchange, message_read_writes_what_fits_and_gives_the_whole_size) {
  const Value none = script.call("message_read", {Script::kFree, 8});
  script.end_phase(DW_NEXT_IDLE);
  const Value size = script.call("message_read", {0, 0});
  const Value part = script.call("message_read", {Script::kFree, 3});
  const Value whole = script.call("message_read", {Script::kFree + 16, 5});
  const Value more = script.call("message_read", {kEnd - 6, 6});
  const Value outside = script.call("message_read", {kEnd - 6, 7});
  script.end_phase(DW_NEXT_IDLE);
  auto guest = create(script.wat()).value();
  ASSERT_TRUE(guest->start());
  EXPECT_EQ(result_of(*guest, none), DW_E_NOT_FOUND);
  guest->set_message("hello");
  ASSERT_TRUE(guest->resume(Event::message));
  for (const Value step : {size, part, whole, more}) EXPECT_EQ(result_of(*guest, step), 5);
  EXPECT_EQ(result_of(*guest, outside), DW_E_INVALID);
  EXPECT_EQ(read_text(*guest, Script::kFree, 4), std::string("hel\0", 4));
  EXPECT_EQ(read_text(*guest, Script::kFree + 16, 6), std::string("hello\0", 6));
}

TEST_F(AbiExchange, output_records_arrive_one_by_one) {
  script.data(Script::kFree, "abc");
  script.call("output_write", {Script::kFree, 3});
  script.call("output_write", {Script::kFree + 1, 1});
  script.call("output_write", {kEnd, 0});
  const Value outside = script.call("output_write", {kEnd, 1});
  auto guest = start(script);
  EXPECT_EQ(outputs, (std::vector<std::string>{"abc", "b", ""}));
  EXPECT_EQ(result_of(*guest, outside), DW_E_INVALID);
}

TEST_F(AbiExchange, an_output_record_over_the_limit_is_refused) {
  services.limits.output_record_bytes = 10;
  const Value fits = script.call("output_write", {0, 10});
  const Value over = script.call("output_write", {0, 11});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, fits), 0);
  EXPECT_EQ(result_of(*guest, over), DW_E_LIMIT);
  EXPECT_EQ(outputs.size(), 1u);
}

TEST_F(AbiExchange, records_of_one_call_have_a_limit_together) {
  services.limits.output_bytes = 10;
  const Value first = script.call("output_write", {Script::kFree, 6});
  const Value over = script.call("output_write", {Script::kFree, 5});
  const Value rest = script.call("output_write", {Script::kFree, 4});
  const Value nothing_left = script.call("output_write", {Script::kFree, 1});
  script.end_phase(DW_NEXT_CONTINUE);
  const Value next_call = script.call("output_write", {Script::kFree, 10});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, first), 0);
  EXPECT_EQ(result_of(*guest, over), DW_E_LIMIT);
  EXPECT_EQ(result_of(*guest, rest), 0);
  EXPECT_EQ(result_of(*guest, nothing_left), DW_E_LIMIT);
  ASSERT_TRUE(guest->resume(Event::proceed));
  EXPECT_EQ(result_of(*guest, next_call), 0);
}

TEST_F(AbiExchange, seed_and_time_come_from_the_services) {
  script.call("random_seed", {Script::kFree});
  script.call("now", {Script::kFree + 8});
  auto guest = start(script);
  EXPECT_EQ(read_text(*guest, Script::kFree, 8), "\xef\xcd\xab\x89\x67\x45\x23\x01");
  EXPECT_EQ(test::read_word(*guest, Script::kFree + 8), 77);
}

TEST_F(AbiExchange, services_are_not_asked_for_what_the_guest_cannot_receive) {
  int asked = 0;
  services.random_bits = services.now_ns = [&asked] { return static_cast<std::uint64_t>(++asked); };
  const Value seed = script.call("random_seed", {kEnd - 7});
  const Value time = script.call("now", {-1});
  auto guest = start(script);
  EXPECT_EQ(result_of(*guest, seed), DW_E_INVALID);
  EXPECT_EQ(result_of(*guest, time), DW_E_INVALID);
  EXPECT_EQ(asked, 0);
}

}  // namespace
}  // namespace driftwood::guest
