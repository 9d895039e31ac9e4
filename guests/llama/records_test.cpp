#include "llama/records.h"

#include <gtest/gtest.h>

#include "json.h"

namespace driftwood::guests::llama {
namespace {

const std::vector<std::int32_t> kIds = {5, 7};
const std::vector<float> kLogits = {1.5f, 0.5f};
const BestLogits kBest = {kIds, kLogits, 2.0f, 10};

TEST(Records, a_token_carries_its_alternatives) {
  EXPECT_EQ(token_record({5, "a\"", -0.5f, false, kBest, 2}),
            R"({"type":"token","id":5,"text":"a\"","logprob":-0.5,)"
            R"("top_logprobs":[{"id":5,"logprob":-0.5},{"id":7,"logprob":-1.5}]})");
}

TEST(Records, alternatives_are_left_out_unless_asked_for_and_end_with_the_vocabulary) {
  EXPECT_EQ(token_record({5, "", -0.5f, false, kBest, 0}),
            R"({"type":"token","id":5,"text":"","logprob":-0.5})");
  EXPECT_EQ(json::parse(token_record({5, "", -0.5f, false, kBest, 20}))["top_logprobs"].size(), 2u);
}

TEST(Records, the_first_position_of_a_prompt_has_no_log_probability) {
  EXPECT_EQ(token_record({5, "a", {}, true, {}, 2}),
            R"({"type":"token","id":5,"text":"a","logprob":null,"top_logprobs":[],"prompt":true})");
}

TEST(Records, a_score_is_a_sum_over_tokens) {
  EXPECT_EQ(score_record(127, -1.5), R"({"type":"score","tokens":127,"logprob":-1.5})");
}

TEST(Records, a_token_that_is_written_by_hand_reads_like_any_json) {
  for (const std::string& text : {std::string("a\"\\b"), std::string("\n\x01\0z", 4),
                                  std::string("\xc3\xa4 \xe2\x82\xac"), std::string("~ /")}) {
    for (const float logprob : {-0.1f, -1e-8f, -123456.7f, 0.0f, -3e38f}) {
      const json record = json::parse(token_record({-5, text, logprob, true, kBest, 1}));
      EXPECT_EQ(record["text"], text);
      EXPECT_EQ(record["logprob"].get<float>(), logprob);
      EXPECT_EQ(record["id"], -5);
      EXPECT_EQ(record["prompt"], true);
    }
  }
  const json infinite =
      json::parse(token_record({1, "\xff", -std::numeric_limits<float>::infinity(), false, {}, 0}));
  EXPECT_TRUE(infinite["logprob"].is_null());
  EXPECT_EQ(infinite["text"], "\xef\xbf\xbd");
}

TEST(Records, text_that_is_not_utf_8_is_replaced) {
  EXPECT_EQ(text_record("\xff"), "{\"type\":\"text\",\"text\":\"\xef\xbf\xbd\"}");
}

TEST(Records, the_end_says_what_it_took_and_why) {
  EXPECT_EQ(usage_record({3, 1, 9, 7, 1000, 9000}),
            R"({"type":"usage","prompt_tokens":3,"cached_tokens":1,"completion_tokens":9,"seed":7,)"
            R"("prefill_ns":1000,"decode_ns":9000})");
  EXPECT_EQ(done_record("length", {}), R"({"type":"done","reason":"length"})");
  EXPECT_EQ(done_record("stop", "\n\n"), R"({"type":"done","reason":"stop","stop":"\n\n"})");
  EXPECT_EQ(json::parse(error_record({DW_E_LIMIT, "Too long."})),
            json({{"type", "error"}, {"code", "limit"}, {"message", "Too long."}}));
}

}  // namespace
}  // namespace driftwood::guests::llama
