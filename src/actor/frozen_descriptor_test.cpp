#include "actor/frozen_descriptor.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace driftwood::actor::frozen {
namespace {

using nlohmann::json;

// Something in every field.
Descriptor full() {
  Descriptor d;
  d.segments = 1;
  d.abi_version = 1;
  d.numerics = "cpu/1";
  d.module = {"0123", 99};
  d.model = model::Fingerprint{"config", "weights", "tokenizer"};
  d.options = R"({"context":64})";
  d.started = true;
  d.calls = std::numeric_limits<std::uint64_t>::max();
  d.memory_bytes = 1 << 20;
  d.rows = 17;
  d.clock_ns = 5;
  d.last_handle = 7;
  d.last_run = 3;
  d.error_text = {"a sentence"};
  d.standard_output = {std::string("zero\0byte \xff", 11)};
  d.standard_error = {""};
  d.message = Text{"the message"};
  d.globals = {{0, "i32"}, {3, "v128"}};
  d.windows = {{65536, 131072, memory::Access::read_write}, {0, 65536, memory::Access::read}};
  d.states = {{17, 100}};
  d.registers = 2;
  d.programs = 1;
  d.graphs = {{0, true, {Place{1, 64}, std::nullopt}, {0u}, {std::nullopt, 1u}}};
  using Kind = guest::Snapshot::Kind;
  d.handles = {{1, Kind::model, 0},
               {2, Kind::window, 0},
               {3, Kind::state, 0},
               {5, Kind::reg, 1},
               {7, Kind::graph, 0}};
  d.next = guest::Next::run;
  d.outcome = Failure{ErrorCode::cancelled, {"The owner asked to stop."}};
  d.in_message = true;
  d.end_told = true;
  d.left_ns = 12;
  d.mailbox = {{{"first"}, std::nullopt}, {{"second"}, 0}};
  d.output_position = 4;
  d.output = {{"record"}, {""}};
  return d;
}

Result<Descriptor> read_from(std::string_view text, std::string_view texts) {
  return read_descriptor(
      text, {.size_bytes = texts.size(), .read = [=](std::uint64_t at, std::span<std::byte> to) {
               std::ranges::copy(std::as_bytes(std::span(texts)).subspan(at, to.size()),
                                 to.begin());
               return Result<void>();
             }});
}

class Description : public testing::Test {
 protected:
  Description() : object(json::parse(to_json(full(), texts))) {}

  void expect_refusal(const std::string& sentence) {
    const auto refused = read_from(object.dump(), texts);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::corrupt);
    EXPECT_EQ(refused.error().message(), sentence);
  }

  std::string texts;
  json object;
};

TEST_F(Description, is_read_as_it_was_written) {
  const auto read = read_from(object.dump(), texts);
  ASSERT_TRUE(read) << read.error().message();
  std::string again_texts;
  EXPECT_EQ(json::parse(to_json(*read, again_texts)), object);
  EXPECT_EQ(again_texts, texts);
  EXPECT_EQ(read->standard_output.bytes, full().standard_output.bytes);
  EXPECT_EQ(read->calls, full().calls);
  EXPECT_EQ(read->graphs[0].windows[1], std::nullopt);
}

TEST_F(Description, every_field_is_needed) {
  for (const auto& item : object.items()) {
    json without = object;
    without.erase(item.key());
    const auto refused = read_from(without.dump(), texts);
    ASSERT_FALSE(refused) << item.key();
    EXPECT_EQ(refused.error().message(), "The field " + item.key() + " is missing.");
  }
}

TEST_F(Description, fields_of_later_versions_are_passed_over) {
  object["later"] = {{"deep", {1, 2, nullptr}}};
  EXPECT_TRUE(read_from(object.dump(), texts));
}

TEST_F(Description, refuses_other_types_naming_the_field) {
  object["graphs"][0]["windows"][0] = 1;
  expect_refusal("The field graphs[0].windows[0] is no object.");
  object["windows"] = json::object();
  expect_refusal("The field windows is no list.");
  object["started"] = 1;
  expect_refusal("The field started is neither true nor false.");
  object["module"]["sha256"] = 1;
  expect_refusal("The field module.sha256 is no string.");
}

TEST_F(Description, refuses_numbers_that_do_not_fit) {
  for (const json& number : {json(-1), json(1.5), json(std::uint64_t{1} << 32), json("1")}) {
    object["handles"][2]["number"] = number;
    expect_refusal("The field handles[2].number is no whole number of 32 bits.");
  }
}

TEST_F(Description, refuses_words_that_it_does_not_know) {
  object["windows"][0]["access"] = "write";
  expect_refusal("The field windows[0].access is none of the words that it may be.");
  object["outcome"]["code"] = "guest_failed";  // no run ends so
  object["windows"][0]["access"] = "read";
  expect_refusal("The field outcome.code is none of the words that it may be.");
}

TEST_F(Description, refuses_texts_that_lie_elsewhere) {
  const std::uint64_t end = texts.size();
  for (const json& place : {json{end, 1}, json{0, end + 1}, json{~std::uint64_t{0}, 2}}) {
    object["message"] = place;
    expect_refusal("The field message lies outside of the texts, or takes a part of them twice.");
  }
  for (const json& place : {json{0}, json{0, 1, 2}, json{0, -1}, json("text")}) {
    object["message"] = place;
    expect_refusal("The field message is no pair of a place and a size.");
  }
}

// So that a file cannot have its bytes copied many times.
TEST_F(Description, refuses_texts_that_together_are_longer_than_their_bytes) {
  object["output"] = json::array({json{0, texts.size()}});
  expect_refusal("The field output[0] lies outside of the texts, or takes a part of them twice.");
}

TEST_F(Description, refuses_what_is_no_object) {
  for (const char* text : {"", "[]", "1", "{", "{}}", "{\"a\":\"\xff\"}"}) {
    const auto refused = read_from(text, texts);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().message(), "The description of the actor is no JSON object.");
  }
}

TEST_F(Description, whose_texts_cannot_be_read_is_refused_with_the_reason) {
  const auto refused = read_descriptor(
      object.dump(), {.size_bytes = texts.size(), .read = [](std::uint64_t, std::span<std::byte>) {
                        return Result<void>(fail(ErrorCode::io, "A disk is gone."));
                      }});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "A disk is gone.");
}

TEST_F(Description, has_a_limit_of_bytes_and_of_values) {
  EXPECT_TRUE(check_size(std::string(kMostJsonBytes, ' '), kMostTextBytes));
  EXPECT_EQ(check_size(std::string(kMostJsonBytes + 1, ' '), 0).error().code(), ErrorCode::limit);
  EXPECT_EQ(check_size("{}", kMostTextBytes + 1).error().code(), ErrorCode::limit);
  for (const char behind : {'[', '{', ',', ':'}) {
    EXPECT_TRUE(check_size(std::string(kMostJsonValues, behind), 0));
    const auto refused = check_size(std::string(kMostJsonValues + 1, behind), 0);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::limit);
    EXPECT_FALSE(read_from(std::string(kMostJsonValues + 1, behind), texts));
  }
}

TEST_F(Description, every_truncation_is_refused) {
  const std::string text = object.dump();
  for (std::size_t size = 0; size < text.size(); ++size) {
    ASSERT_FALSE(read_from(text.substr(0, size), texts)) << size;
  }
  for (std::size_t size = 0; size < texts.size(); ++size) {
    ASSERT_FALSE(read_from(text, texts.substr(0, size))) << size;
  }
}

}  // namespace
}  // namespace driftwood::actor::frozen
