// The 20 cases of the TinyStories checkpoint that an independent program computed in f32, through
// guest and each device: every top-5 list, every log-probability and the greedy continuation, and
// the same bits however the prompt is cut, however many threads work, and in every run.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "support/llama_bench.h"

namespace driftwood::test {
namespace {

using nlohmann::json;

// How far a log-probability may be from the reference's, and how close two entries must be to swap
// places.
double tolerance_on(std::string_view device) {
  return device == "cpu" ? 1e-4 : 1e-3;
}

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
void expect_same_top(const json& step, const json& ours, double tolerance,
                     const std::string& where) {
  ASSERT_EQ(ours.size(), 5u) << where;
  const double log_sum_exp = step["lse"];
  for (std::size_t i = 0; i < 5; ++i) {
    const double expected = step["top"][i][1].get<double>() - log_sum_exp;
    EXPECT_NEAR(ours[i]["logprob"].get<double>(), expected, tolerance) << where << ", entry " << i;
    if (ours[i]["id"] == step["top"][i][0]) continue;
    bool tied = false;
    for (const auto& other : step["top"]) {
      tied =
          tied || (other[0] == ours[i]["id"] &&
                   std::abs(other[1].get<double>() - step["top"][i][1].get<double>()) < tolerance);
    }
    EXPECT_TRUE(tied) << where << ", entry " << i << " is " << ours[i]["id"] << ", not "
                      << step["top"][i][0];
  }
}

void expect_reference(const json& reference, const Answer& answer, double tolerance,
                      const std::string& where) {
  std::vector<json> tokens = answer.tokens(true);
  const std::size_t prompt_size = tokens.size();
  ASSERT_EQ(prompt_size, reference["prompt_ids"].size()) << where;
  for (auto& token : answer.tokens(false)) tokens.push_back(std::move(token));

  EXPECT_TRUE(tokens[0]["logprob"].is_null()) << where;
  for (const auto& step : reference["steps"]) {
    // What the reference says after position p is about the token at p + 1.
    const std::size_t at = step["pos"].get<std::size_t>() + 1;
    ASSERT_LT(at, tokens.size()) << where;
    expect_same_top(step, tokens[at]["top_logprobs"], tolerance,
                    where + ", position " + std::to_string(at));
  }
  for (std::size_t i = 0; i < reference["greedy_ids"].size(); ++i) {
    ASSERT_EQ(tokens[prompt_size + i]["id"], reference["greedy_ids"][i])
        << where << ", new token " << i;
  }
  double prompt_nll = 0;
  for (std::size_t i = 1; i < prompt_size; ++i) prompt_nll -= tokens[i]["logprob"].get<double>();
  EXPECT_NEAR(prompt_nll, reference["prompt_nll_sum"].get<double>(),
              tolerance * static_cast<double>(prompt_size))
      << where;
}

std::shared_ptr<const model::Model> open_tinystories(const std::string& folder) {
  auto model = model::open_folder(folder);
  EXPECT_TRUE(model) << model.error().message();
  return *std::move(model);
}

class ReferenceCases : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    DW_NEED_DEVICE(GetParam());
    DW_NEED_DATA(folder_);
    model_ = open_tinystories(folder_);
    cases_ = read_cases(folder_);
    ASSERT_EQ(cases_.size(), 20u);
  }

  std::unique_ptr<LlamaBench> open(unsigned threads) const {
    auto bench =
        LlamaBench::open(open_device_of_kind(GetParam(), {.thread_count = threads}), model_);
    EXPECT_TRUE(bench) << bench.error().message();
    return *std::move(bench);
  }

  const std::string folder_ = reference_folder("tinystories-656K");
  std::shared_ptr<const model::Model> model_;
  json cases_;
};

INSTANTIATE_TEST_SUITE_P(On, ReferenceCases, kEveryDevice, device_kind);

// One way to come to the same bits.
struct Way {
  std::size_t device;  // of two: of one thread, of two; a GPU has no threads of ours
  unsigned piece;      // tokens of the prompt at a time
};

std::vector<Way> ways_on(std::string_view kind) {
  std::vector<Way> ways = {{0, 512}, {0, 7}, {0, 1}, {1, 512}};
  if (kind == "cpu") ways.insert(ways.end(), {{1, 7}, {1, 1}});  // a GPU in software is slow
  return ways;
}

TEST_P(ReferenceCases, equal_the_reference_and_keep_their_bits_by_threads_and_pieces) {
  const std::unique_ptr<LlamaBench> benches[] = {open(1), open(2)};
  for (std::size_t i = 0; i < cases_.size(); ++i) {
    std::optional<Answer> first;
    for (const auto& [device, piece] : ways_on(GetParam())) {
      const std::string where = "case " + std::to_string(i) + ", device " + std::to_string(device) +
                                ", pieces of " + std::to_string(piece);
      auto answer = benches[device]->ask(request_for(cases_[i], piece));
      ASSERT_TRUE(answer) << where << ": " << answer.error().message();
      ASSERT_TRUE(answer->find("error").is_null()) << where << ": " << answer->find("error");
      if (!first) {
        expect_reference(cases_[i], *answer, tolerance_on(GetParam()), where);
        first = *std::move(answer);
        continue;
      }
      EXPECT_TRUE(answer->rows == first->rows) << where << ": the logits differ in their bits";
      EXPECT_EQ(answer->tokens(true), first->tokens(true)) << where;
      EXPECT_EQ(answer->tokens(false), first->tokens(false)) << where;
    }
  }
}

TEST(ReferenceTexts, are_encoded_as_the_reference_encodes_them) {
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

TEST_P(ReferenceCases, text_records_spell_the_greedy_continuation) {
  const json& reference = cases_[1];
  auto answer = open(2)->ask({{"prompt", reference["text"]},
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
