#include "llama/request.h"

#include <gtest/gtest.h>

#include "json.h"

namespace driftwood::guests::llama {
namespace {

std::string refusal(std::string_view message) {
  const auto request = parse_request(message, {});
  return request ? "accepted" : request.error().message;
}

TEST(Request, silence_means_the_defaults) {
  const auto request = parse_request(R"({"prompt": "Once"})", {{0.5, 7, 0.25}, 1, {}});
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->prompt, "Once");
  EXPECT_EQ(request->sampler.temperature, 0.5);
  EXPECT_EQ(request->sampler.top_k, 7u);
  EXPECT_EQ(request->sampler.top_p, 0.25);
  EXPECT_EQ(request->prefill_piece, 512u);
  EXPECT_FALSE(request->seed);
  EXPECT_FALSE(request->reports_tokens);
  EXPECT_GT(request->max_tokens, 1u << 30);
}

TEST(Request, every_key_is_read) {
  const auto request = parse_request(
      R"({"prompt_ids": [1, 2], "max_tokens": 0, "temperature": 0, "top_k": 0, "top_p": 1,
          "seed": 9007199254740992, "ignore_eos": true, "prefill_piece": 1, "output": "tokens",
          "top_logprobs": 20, "prompt_logprobs": true, "min_p": 0.05, "repetition_penalty": 1.1,
          "logit_bias": {"7": -100, "0": 2.5}, "stop": ["a", "\n\n"],
          "score_from": 1, "answered": 2})",
      {});
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->prompt_ids, (std::vector<std::int32_t>{1, 2}));
  EXPECT_EQ(request->max_tokens, 0u);
  EXPECT_EQ(request->sampler.temperature, 0);
  EXPECT_EQ(request->seed, std::uint64_t{1} << 53);
  EXPECT_TRUE(request->ignore_eos);
  EXPECT_EQ(request->prefill_piece, 1u);
  EXPECT_TRUE(request->reports_tokens);
  EXPECT_EQ(request->top_logprobs, 20u);
  EXPECT_TRUE(request->prompt_logprobs);
  EXPECT_EQ(request->score_from, 1u);
  EXPECT_EQ(request->answered, 2u);
  EXPECT_EQ(request->sampler.min_p, 0.05);
  EXPECT_EQ(request->repetition_penalty, 1.1);
  EXPECT_EQ(request->logit_bias, (std::map<std::int32_t, double>{{7, -100}, {0, 2.5}}));
  EXPECT_EQ(request->stop, (std::vector<std::string>{"a", "\n\n"}));
}

TEST(Request, one_stop_string_needs_no_array) {
  EXPECT_EQ(parse_request(R"({"prompt": "a", "stop": "b"})", Defaults())->stop,
            std::vector<std::string>{"b"});
  EXPECT_TRUE(parse_request(R"({"prompt": "a", "stop": []})", Defaults())->stop.empty());
}

TEST(Request, stop_strings_and_biases_are_limited) {
  const std::string expected_stops =
      "expected a string or at most 16 strings, each of 1 to 1024 bytes.";
  EXPECT_EQ(refusal(R"({"prompt": "a", "stop": ""})"),
            "The request: \"stop\" is \"\"; " + expected_stops);
  EXPECT_EQ(refusal(R"({"prompt": "a", "stop": ["b", 3]})"),
            "The request: \"stop\" is [\"b\",3]; " + expected_stops);
  const json sixteen = std::vector<std::string>(16, std::string(1024, 'x'));
  const json seventeen = std::vector<std::string>(17, "x");
  EXPECT_EQ(refusal(json{{"prompt", "a"}, {"stop", sixteen}}.dump()), "accepted");
  EXPECT_NE(refusal(json{{"prompt", "a"}, {"stop", seventeen}}.dump()), "accepted");
  EXPECT_NE(refusal(json{{"prompt", "a"}, {"stop", std::string(1025, 'x')}}.dump()), "accepted");

  const std::string expected_biases =
      "expected an object of at most 1024 token ids, each with a number from -100 to 100.";
  EXPECT_EQ(refusal(R"({"prompt": "a", "logit_bias": {"3": 101}})"),
            "The request: \"logit_bias\" is {\"3\":101}; " + expected_biases);
  for (const char* bias :
       {"[1]", "3", R"({"x": 1})", R"({"": 1})", R"({"-1": 1})", R"({"1.5": 1})", R"({" 1": 1})",
        R"({"2147483648": 1})", R"({"1": "2"})", R"({"1": null})", R"({"1": 1, "01": 2})"}) {
    EXPECT_NE(refusal(R"({"prompt": "a", "logit_bias": )" + std::string(bias) + "}")
                  .find(expected_biases),
              std::string::npos)
        << bias;
  }
  json most, over;
  for (int id = 0; id < 1025; ++id) {
    if (id < 1024) most[std::to_string(id)] = 1;
    over[std::to_string(id)] = 1;
  }
  EXPECT_EQ(refusal(json{{"prompt", "a"}, {"logit_bias", most}}.dump()), "accepted");
  EXPECT_NE(refusal(json{{"prompt", "a"}, {"logit_bias", over}}.dump()), "accepted");
}

TEST(Request, refusals_name_the_key_and_the_value) {
  EXPECT_EQ(refusal("[]"), "The request is not a JSON object in UTF-8.");
  EXPECT_EQ(refusal("{\"prompt\": \"\xff\"}"), "The request is not a JSON object in UTF-8.");
  EXPECT_EQ(refusal("{}"),
            "The request has neither \"prompt\" nor \"prompt_ids\"; exactly one is needed.");
  EXPECT_EQ(refusal(R"({"prompt": "a", "prompt_ids": [1]})"),
            "The request has both \"prompt\" and \"prompt_ids\"; exactly one is needed.");
  EXPECT_EQ(refusal(R"({"prompt": "a", "temprature": 1})"),
            "The request has the key \"temprature\", which is not known.");
  EXPECT_EQ(refusal(R"({"prompt": 3})"), "The request: \"prompt\" is 3; expected a string.");
  EXPECT_EQ(refusal(R"({"prompt": "a", "seed": null})"),
            "The request: \"seed\" is null; expected a value.");
  EXPECT_EQ(refusal(R"({"prompt": "a", "prefill_piece": 513})"),
            "The request: \"prefill_piece\" is 513; expected an integer from 1 to 512.");
  EXPECT_EQ(refusal(R"({"prompt": "a", "temperature": 100.5})"),
            "The request: \"temperature\" is 100.5; expected a number from 0.0 to 100.0.");
  EXPECT_EQ(refusal(R"({"prompt": "a", "top_p": 0})"),
            "The request: \"top_p\" is 0; expected a number greater than 0 and at most 1.");
  EXPECT_EQ(refusal(R"({"prompt": "a", "top_logprobs": 1})"),
            "The request: \"top_logprobs\" needs \"output\": \"tokens\".");
  EXPECT_EQ(refusal(R"({"prompt": "a", "prompt_logprobs": true})"),
            "The request: \"prompt_logprobs\" needs \"output\": \"tokens\".");
}

TEST(Request, values_out_of_range_are_refused) {
  for (const char* pair : {R"("temperature": -1)",
                           R"("temperature": "hot")",
                           R"("top_k": -1)",
                           R"("top_k": 1.5)",
                           R"("top_p": -0.1)",
                           R"("top_p": 1.01)",
                           R"("top_p": "all")",
                           R"("min_p": -0.1)",
                           R"("min_p": 1.1)",
                           R"("min_p": "x")",
                           R"("repetition_penalty": 0)",
                           R"("repetition_penalty": -1)",
                           R"("repetition_penalty": 101)",
                           R"("repetition_penalty": "x")",
                           R"("seed": 9007199254740993)",
                           R"("seed": -1)",
                           R"("seed": 18446744073709551615)",
                           R"("max_tokens": -1)",
                           R"("prefill_piece": 0)",
                           R"("output": "json")",
                           R"("ignore_eos": 1)",
                           R"("top_logprobs": 21)",
                           R"("score_from": 0)"}) {
    EXPECT_NE(refusal(R"({"prompt": "a", )" + std::string(pair) + "}"), "accepted") << pair;
  }
  for (const char* ids : {"1", "[1.5]", "[-1]", "[\"a\"]", "[2147483648]", "{}"}) {
    EXPECT_NE(refusal(R"({"prompt_ids": )" + std::string(ids) + "}"), "accepted") << ids;
  }
}

TEST(Request, the_ends_of_the_samplers_ranges_are_accepted) {
  const auto request =
      parse_request(R"({"prompt": "a", "temperature": 100, "top_p": 1e-300})", Defaults());
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->sampler.temperature, 100);
  EXPECT_EQ(request->sampler.top_p, 1e-300);
}

TEST(Request, deeply_nested_values_are_named_by_their_type) {
  constexpr std::size_t kLevels = 100'000;
  const std::string deep = std::string(kLevels, '[') + std::string(kLevels, ']');
  EXPECT_EQ(refusal(R"({"prompt_ids": )" + deep + "}"),
            "The request: \"prompt_ids\" is an array; expected token ids, which are integers from "
            "0.");
  for (const char* key : {"prompt", "max_tokens", "temperature", "top_p", "ignore_eos", "output"}) {
    EXPECT_NE(refusal(R"({"prompt": "a", ")" + std::string(key) + R"(": {"a": )" + deep + "}}")
                  .find("is an object; expected"),
              std::string::npos)
        << key;
  }
  EXPECT_FALSE(parse_defaults(R"({"eos_token_id": )" + deep + "}", "{}"));
  EXPECT_EQ(refusal(R"({"prompt": "a", "top_k": [1, 2]})"),
            "The request: \"top_k\" is [1,2]; expected an integer from 0 to 2147483647.");
}

TEST(Defaults, come_from_the_generation_config) {
  const auto defaults =
      parse_defaults(R"({"temperature": 0.6, "top_k": 0, "top_p": 0.9, "eos_token_id": [3, 4],
                         "min_p": 0.1, "repetition_penalty": 1.2, "max_new_tokens": 7})",
                     R"({"eos_token_id": 2})");
  ASSERT_TRUE(defaults) << defaults.error().message;
  EXPECT_EQ(defaults->sampler.temperature, 0.6);
  EXPECT_EQ(defaults->sampler.top_k, 0u);
  EXPECT_EQ(defaults->sampler.top_p, 0.9);
  EXPECT_EQ(defaults->sampler.min_p, 0.1);
  EXPECT_EQ(parse_request(R"({"prompt": "a"})", *defaults)->repetition_penalty, 1.2);
  EXPECT_EQ(parse_request(R"({"prompt": "a"})", *defaults)->max_tokens, 7u);
  EXPECT_EQ(parse_request(R"({"prompt": "a", "max_tokens": 9})", *defaults)->max_tokens, 9u);
  EXPECT_EQ(defaults->eos_ids, (std::vector<std::int32_t>{3, 4}));
}

TEST(Defaults, an_absent_or_null_end_token_is_taken_from_the_config) {
  EXPECT_EQ(parse_defaults("{}", R"({"eos_token_id": 2})")->eos_ids, std::vector<std::int32_t>{2});
  EXPECT_EQ(parse_defaults(R"({"eos_token_id": null})", R"({"eos_token_id": 2})")->eos_ids,
            std::vector<std::int32_t>{2});
  EXPECT_TRUE(parse_defaults("{}", "{}")->eos_ids.empty());
}

TEST(Defaults, do_sample_false_is_greedy_unless_the_request_says_otherwise) {
  const auto greedy = parse_defaults(R"({"do_sample": false, "temperature": 0.6})", "{}");
  EXPECT_EQ(greedy->sampler.temperature, 0);
  EXPECT_EQ(parse_request(R"({"prompt": "a", "temperature": 1})", *greedy)->sampler.temperature, 1);
  EXPECT_EQ(parse_defaults("{}", "{}")->sampler.temperature, 0.8);
}

TEST(Defaults, a_broken_generation_config_is_refused) {
  EXPECT_FALSE(parse_defaults("[]", "{}"));
  EXPECT_FALSE(parse_defaults(R"({"top_p": 2})", "{}"));
  EXPECT_FALSE(parse_defaults(R"({"eos_token_id": "</s>"})", "{}"));
  EXPECT_FALSE(parse_defaults(R"({"eos_token_id": {}})", "{}"));
  EXPECT_FALSE(parse_defaults(R"({"eos_token_id": {"a": 3}})", "{}"));
}

}  // namespace
}  // namespace driftwood::guests::llama
