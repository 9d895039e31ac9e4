#include "model/config.h"

#include <gtest/gtest.h>

namespace driftwood::model {
namespace {

std::string refusal(std::string_view text) {
  const auto facts = read_config(text);
  if (facts) return "accepted";
  EXPECT_EQ(facts.error().code(), ErrorCode::corrupt);
  return facts.error().message();
}

TEST(Config, reads_counts_of_the_first_level) {
  const auto facts = read_config(
      R"({"text":{"vocab_size":7},"vocab_size":300,"list":[{"a":1}],"max_position_embeddings":9})");
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->vocab_size, 300u);
  EXPECT_EQ(facts->max_position_embeddings, 9u);
}

TEST(Config, leaves_what_is_no_count_to_the_guest) {
  for (const char* text : {"{}", R"({"vocab_size":"7"})", R"({"vocab_size":-7})",
                           R"({"vocab_size":7.5})", R"({"text":{"vocab_size":7}})"}) {
    const auto facts = read_config(text);
    ASSERT_TRUE(facts) << text;
    EXPECT_FALSE(facts->vocab_size) << text;
  }
}

TEST(Config, refuses_what_is_not_one_json_object) {
  EXPECT_EQ(refusal("[1]"), "The JSON is of type array, not an object.");
  EXPECT_EQ(refusal("3"), "The JSON is of type number, not an object.");
  EXPECT_EQ(refusal(""), "The text is not JSON: it breaks off at its byte 1.");
  EXPECT_EQ(refusal(R"({"a":)"), "The text is not JSON: it breaks off at its byte 6.");
  EXPECT_EQ(refusal("{}{}"), "The text is not JSON: it breaks off at its byte 3.");
  EXPECT_EQ(refusal(R"({"vocab_size":1e999})"),
            "The text is JSON with a number that is too large.");
}

TEST(Config, survives_hostile_depth) {
  EXPECT_NE(refusal(R"({"a":)" + std::string(1 << 20, '[')), "accepted");
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_EQ(refusal(R"({"a":)" + deep + "}"), "accepted");
}

}  // namespace
}  // namespace driftwood::model
