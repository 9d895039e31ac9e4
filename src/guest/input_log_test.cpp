#include "guest/input_log.h"

#include <gtest/gtest.h>

namespace driftwood::guest {
namespace {

InputLog one_of_each() {
  InputLog log;
  log.message("hello\n");
  log.random(0x0123456789abcdef);
  log.time(42);
  log.event({7, 3, -10, "it was cancelled"});
  log.message("");
  return log;
}

std::string refusal(std::span<const std::byte> bytes) {
  const auto inputs = read_inputs(bytes);
  const auto checked = check_inputs(bytes);
  EXPECT_EQ(inputs.has_value(), checked.has_value());
  if (inputs) return "accepted";
  EXPECT_EQ(inputs.error().code(), ErrorCode::corrupt);
  EXPECT_EQ(checked.error().message(), inputs.error().message());
  return inputs.error().message();
}

std::vector<std::byte> words(const std::vector<std::uint32_t>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

TEST(InputLog, gives_the_records_back_in_their_order) {
  const InputLog log = one_of_each();
  const auto inputs = read_inputs(log.bytes());
  ASSERT_TRUE(inputs) << inputs.error().message();
  ASSERT_EQ(inputs->size(), 5u);
  EXPECT_EQ(std::get<InputMessage>(inputs->at(0)).text, "hello\n");
  EXPECT_EQ(std::get<InputRandom>(inputs->at(1)).bits, 0x0123456789abcdefu);
  EXPECT_EQ(std::get<InputTime>(inputs->at(2)).ns, 42u);
  const auto& event = std::get<InputEvent>(inputs->at(3));
  EXPECT_EQ(event.call, 7u);
  EXPECT_EQ(event.event, 3);
  EXPECT_EQ(event.status, -10);
  EXPECT_EQ(event.text, "it was cancelled");
  EXPECT_EQ(std::get<InputMessage>(inputs->at(4)).text, "");
}

TEST(InputLog, goes_on_behind_bytes_that_were_read) {
  InputLog whole = one_of_each();
  InputLog second({whole.bytes().begin(), whole.bytes().end()});
  whole.time(43);
  second.time(43);
  EXPECT_TRUE(std::ranges::equal(second.bytes(), whole.bytes()));
  EXPECT_EQ(read_inputs(second.bytes())->size(), 6u);
}

// The layout that the header and docs/formats describe.
TEST(InputLog, lies_as_it_is_described) {
  InputLog log;
  log.time(0x1122334455667788);
  EXPECT_TRUE(std::ranges::equal(log.bytes(), words({3, 8, 0x55667788, 0x11223344})));
}

TEST(InputLog, an_empty_one_has_no_records) {
  EXPECT_TRUE(read_inputs({})->empty());
}

TEST(InputLog, refuses_every_truncation_but_those_between_records) {
  const InputLog log = one_of_each();
  std::size_t accepted = 0;
  for (std::size_t size = 0; size < log.bytes().size(); ++size) {
    // From memory of exactly this size, so that a sanitizer sees a byte read past its end.
    const std::vector<std::byte> cut(log.bytes().begin(),
                                     log.bytes().begin() + static_cast<std::ptrdiff_t>(size));
    if (refusal(cut) == "accepted") ++accepted;
  }
  EXPECT_EQ(accepted, 5u);
}

TEST(InputLog, refuses_kinds_that_it_does_not_know) {
  EXPECT_EQ(refusal(words({0, 0})), "Record 0 of the input log has the kind 0, which is unknown.");
  EXPECT_EQ(refusal(words({1, 0, 5, 0})),
            "Record 1 of the input log has the kind 5, which is unknown.");
}

TEST(InputLog, refuses_sizes_that_are_not_those_of_the_kind) {
  EXPECT_EQ(refusal(words({2, 4, 0})), "Record 0 of the input log (kind 2) has 4 bytes.");
  EXPECT_EQ(refusal(words({3, 12, 0, 0, 0})), "Record 0 of the input log (kind 3) has 12 bytes.");
  EXPECT_EQ(refusal(words({4, 12, 0, 0, 0})), "Record 0 of the input log (kind 4) has 12 bytes.");
}

TEST(InputLog, refuses_a_record_that_is_longer_than_what_follows) {
  EXPECT_EQ(refusal(words({1, 0xffffffff, 0})),
            "Record 0 of the input log has 4294967295 bytes, but only 4 follow.");
  EXPECT_EQ(refusal(std::vector<std::byte>(7)), "The input log ends within the head of record 0.");
}

}  // namespace
}  // namespace driftwood::guest
