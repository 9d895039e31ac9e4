// Conversations whose runs are submitted together, against each of them alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "support/llama_bench.h"

namespace driftwood::test {
namespace {

using nlohmann::json;

json request_for(const json& ids, unsigned new_tokens, unsigned piece) {
  return {{"prompt_ids", ids},     {"max_tokens", new_tokens}, {"temperature", 0},
          {"ignore_eos", true},    {"output", "tokens"},       {"prompt_logprobs", true},
          {"prefill_piece", piece}};
}

json some_ids(int count, int seed) {
  json ids;
  for (int i = 0; i < count; ++i) ids.push_back((seed + i * 37) % 4096);
  return ids;
}

class Batch : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    DW_NEED_DEVICE(GetParam());
    device_ = open_device_of_kind(GetParam());
  }

  Answer alone(const json& request) {
    const auto bench = LlamaBench::open(device_, model_);
    EXPECT_TRUE(bench) << bench.error().message();
    auto answer = (*bench)->ask(request);
    EXPECT_TRUE(answer) << answer.error().message();
    EXPECT_TRUE(answer->find("error").is_null()) << answer->find("error");
    return *std::move(answer);
  }

  // The answers to all of them at once; sizes_ has how many runs each submission had.
  std::vector<Answer> together(const std::vector<json>& requests) {
    std::vector<std::unique_ptr<LlamaBench>> benches;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      auto bench = LlamaBench::open(device_, model_);
      EXPECT_TRUE(bench) << bench.error().message();
      benches.push_back(*std::move(bench));
    }
    auto answers = ask_together(*device_, benches, requests,
                                [this](std::size_t size) { sizes_.push_back(size); });
    EXPECT_TRUE(answers) << answers.error().message();
    return *std::move(answers);
  }

  std::shared_ptr<device::Device> device_;
  std::shared_ptr<const model::Model> model_;
  std::vector<std::size_t> sizes_;
};

INSTANTIATE_TEST_SUITE_P(On, Batch, kEveryDevice, device_kind);

void expect_same(const Answer& answer, const Answer& alone, std::size_t sequence) {
  EXPECT_TRUE(answer.rows == alone.rows) << "sequence " << sequence << " differs in its bits";
  EXPECT_EQ(answer.tokens(true), alone.tokens(true)) << "sequence " << sequence;
  EXPECT_EQ(answer.tokens(false), alone.tokens(false)) << "sequence " << sequence;
}

TEST_P(Batch, two_sequences_of_different_length_in_one_submission_keep_the_bits_they_have_alone) {
  model_ = model::make_seeded_llama(7);
  const std::vector<json> requests = {request_for(some_ids(41, 3), 12, 16),
                                      request_for(some_ids(9, 1000), 20, 16)};
  const std::vector<Answer> answers = together(requests);
  EXPECT_GT(std::ranges::count(sizes_, 2), 10);
  for (std::size_t i = 0; i < 2; ++i) expect_same(answers[i], alone(requests[i]), i);
}

// The prompts of the reference cases, read in pieces of several sizes, so that rows of one that
// still reads its prompt stand between those of others that write.
TEST_P(Batch, each_of_64_conversations_has_the_bits_that_it_has_alone) {
  const std::string folder = reference_folder("tinystories-656K");
  DW_NEED_DATA(folder);
  model_ = model::open_folder(folder).value();
  const json cases = json::parse(std::ifstream(folder + "/reference-logits.json"))["cases"];
  const auto piece_of = [](std::size_t i) { return std::array{512u, 7u, 1u}[i % 3]; };
  std::vector<json> requests;
  for (std::size_t i = 0; i < 64; ++i) {
    requests.push_back(request_for(cases[i % 20]["prompt_ids"], 12, piece_of(i)));
  }
  std::vector<Answer> of_case;
  for (std::size_t i = 0; i < 20; ++i) of_case.push_back(alone(requests[i]));
  const std::vector<Answer> answers = together(requests);
  EXPECT_GE(std::ranges::count(sizes_, 64), 12);
  EXPECT_GT(sizes_.size(), 45u) << "the longest prompt was read row by row";
  for (std::size_t i = 0; i < 64; ++i) expect_same(answers[i], of_case[i % 20], i);
}

}  // namespace
}  // namespace driftwood::test
