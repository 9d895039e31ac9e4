// The 20 cases of the TinyStories checkpoint that an independent program computed in f32, through
// guest and device: every top-5 list, every log-probability and the greedy continuation, and the
// same bits however the prompt is cut and however many threads work.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "support/llama_bench.h"

namespace driftwood::test {
namespace {

using nlohmann::json;

constexpr double kTolerance = 1e-4;  // also how close two entries must be to swap places

json read_cases(const std::string& folder) {
  return json::parse(std::ifstream(folder + "/reference-logits.json"))["cases"];
}

json request_for(const json& reference, unsigned piece) {
  return {{"prompt_ids", reference["prompt_ids"]},
          {"max_tokens", std::max(reference["greedy_ids"].size(), std::size_t{9})},
          {"temperature", 0},
          {"ignore_eos", true},
          {"prefill_piece", piece},
          {"output", "tokens"},
          {"top_logprobs", 5},
          {"prompt_logprobs", true}};
}

// The reference's five best against ours: the same ids in the same order but for near ties, the
// same log-probabilities.
void expect_same_top(const json& step, const json& ours, const std::string& where) {
  ASSERT_EQ(ours.size(), 5u) << where;
  const double log_sum_exp = step["lse"];
  for (std::size_t i = 0; i < 5; ++i) {
    const double expected = step["top"][i][1].get<double>() - log_sum_exp;
    EXPECT_NEAR(ours[i]["logprob"].get<double>(), expected, kTolerance) << where << ", entry " << i;
    if (ours[i]["id"] == step["top"][i][0]) continue;
    bool tied = false;
    for (const auto& other : step["top"]) {
      tied =
          tied || (other[0] == ours[i]["id"] &&
                   std::abs(other[1].get<double>() - step["top"][i][1].get<double>()) < kTolerance);
    }
    EXPECT_TRUE(tied) << where << ", entry " << i << " is " << ours[i]["id"] << ", not "
                      << step["top"][i][0];
  }
}

void expect_reference(const json& reference, const Answer& answer, const std::string& where) {
  std::vector<json> tokens = answer.tokens(true);
  const std::size_t prompt_size = tokens.size();
  ASSERT_EQ(prompt_size, reference["prompt_ids"].size()) << where;
  for (auto& token : answer.tokens(false)) tokens.push_back(std::move(token));

  EXPECT_TRUE(tokens[0]["logprob"].is_null()) << where;
  for (const auto& step : reference["steps"]) {
    // What the reference says after position p is about the token at p + 1.
    const std::size_t at = step["pos"].get<std::size_t>() + 1;
    ASSERT_LT(at, tokens.size()) << where;
    expect_same_top(step, tokens[at]["top_logprobs"], where + ", position " + std::to_string(at));
  }
  for (std::size_t i = 0; i < reference["greedy_ids"].size(); ++i) {
    ASSERT_EQ(tokens[prompt_size + i]["id"], reference["greedy_ids"][i])
        << where << ", new token " << i;
  }
  double prompt_nll = 0;
  for (std::size_t i = 1; i < prompt_size; ++i) prompt_nll -= tokens[i]["logprob"].get<double>();
  EXPECT_NEAR(prompt_nll, reference["prompt_nll_sum"].get<double>(),
              kTolerance * static_cast<double>(prompt_size))
      << where;
}

std::shared_ptr<const model::Model> open_tinystories(const std::string& folder) {
  auto model = model::open_folder(folder);
  EXPECT_TRUE(model) << model.error().message();
  return *std::move(model);
}

TEST(ReferenceCases, equal_the_reference_and_keep_their_bits_by_threads_and_pieces) {
  const std::string folder = reference_folder("tinystories-656K");
  DW_NEED_DATA(folder);
  const auto model = open_tinystories(folder);
  const json cases = read_cases(folder);
  ASSERT_EQ(cases.size(), 20u);

  std::vector<std::unique_ptr<LlamaBench>> benches;
  for (unsigned threads : {1u, 2u}) {
    auto bench = LlamaBench::open(cpu_device(threads), model);
    ASSERT_TRUE(bench) << bench.error().message();
    benches.push_back(*std::move(bench));
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    std::optional<Answer> first;
    for (std::size_t b = 0; b < benches.size(); ++b) {
      for (unsigned piece : {512u, 7u, 1u}) {
        const std::string where = "case " + std::to_string(i) + ", threads " +
                                  std::to_string(b + 1) + ", pieces of " + std::to_string(piece);
        auto answer = benches[b]->ask(request_for(cases[i], piece));
        ASSERT_TRUE(answer) << where << ": " << answer.error().message();
        ASSERT_TRUE(answer->find("error").is_null()) << where << ": " << answer->find("error");
        if (!first) {
          expect_reference(cases[i], *answer, where);
          first = *std::move(answer);
          continue;
        }
        EXPECT_TRUE(answer->rows == first->rows) << where << ": the logits differ in their bits";
        EXPECT_EQ(answer->tokens(true), first->tokens(true)) << where;
        EXPECT_EQ(answer->tokens(false), first->tokens(false)) << where;
      }
    }
  }
}

TEST(ReferenceCases, texts_are_encoded_as_the_reference_encodes_them) {
  const std::string folder = reference_folder("tinystories-656K");
  DW_NEED_DATA(folder);
  const auto model = open_tinystories(folder);
  for (const auto& reference : read_cases(folder)) {
    const std::string text = reference["text"];
    if (text.empty()) continue;  // the case of a BOS alone
    const auto ids = model->tokenizer->encode(text, true);
    ASSERT_TRUE(ids) << ids.error().message();
    EXPECT_EQ(json(*ids), reference["prompt_ids"]) << text;
  }
}

TEST(ReferenceCases, text_records_spell_the_greedy_continuation) {
  const std::string folder = reference_folder("tinystories-656K");
  DW_NEED_DATA(folder);
  auto bench = LlamaBench::open(cpu_device(2), open_tinystories(folder));
  ASSERT_TRUE(bench) << bench.error().message();
  const json reference = read_cases(folder)[1];
  auto answer = (*bench)->ask({{"prompt", reference["text"]},
                               {"max_tokens", reference["greedy_ids"].size()},
                               {"temperature", 0},
                               {"ignore_eos", true}});
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->text(), reference["greedy_text"].get<std::string>());
  EXPECT_EQ(answer->find("done")["reason"], "length");
  EXPECT_EQ(answer->find("usage")["completion_tokens"], reference["greedy_ids"].size());
}

}  // namespace
}  // namespace driftwood::test
