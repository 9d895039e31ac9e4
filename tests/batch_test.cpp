// Two conversations whose runs are submitted together, against each of them alone.
#include <gtest/gtest.h>

#include "support/llama_bench.h"

namespace driftwood::test {
namespace {

using nlohmann::json;

json request_for(const std::vector<int>& ids, unsigned new_tokens) {
  return {{"prompt_ids", ids},  {"max_tokens", new_tokens}, {"temperature", 0},
          {"ignore_eos", true}, {"output", "tokens"},       {"prompt_logprobs", true},
          {"prefill_piece", 16}};
}

std::vector<int> some_ids(int count, int seed) {
  std::vector<int> ids;
  for (int i = 0; i < count; ++i) ids.push_back((seed + i * 37) % 4096);
  return ids;
}

TEST(Batch, two_sequences_of_different_length_in_one_submission_keep_the_bits_they_have_alone) {
  const auto model = model::make_seeded_llama(7);
  const std::array requests = {request_for(some_ids(41, 3), 12),
                               request_for(some_ids(9, 1000), 20)};

  std::vector<Answer> alone;
  for (const auto& request : requests) {
    auto bench = LlamaBench::open(cpu_device(1), model);
    ASSERT_TRUE(bench) << bench.error().message();
    auto answer = (*bench)->ask(request);
    ASSERT_TRUE(answer) << answer.error().message();
    ASSERT_TRUE(answer->find("error").is_null()) << answer->find("error");
    alone.push_back(*std::move(answer));
  }

  const auto device = cpu_device(2);
  std::vector<std::unique_ptr<LlamaBench>> benches;
  std::vector<Result<guest::Next>> next;
  for (const auto& request : requests) {
    auto bench = LlamaBench::open(device, model);
    ASSERT_TRUE(bench) << bench.error().message();
    benches.push_back(*std::move(bench));
    next.push_back(benches.back()->begin(request));
    ASSERT_TRUE(next.back()) << next.back().error().message();
  }
  unsigned together = 0;
  while (*next[0] == guest::Next::run || *next[1] == guest::Next::run) {
    std::vector<std::size_t> asking;
    for (std::size_t i = 0; i < 2; ++i) {
      if (*next[i] == guest::Next::run) asking.push_back(i);
    }
    const auto& executable = benches[asking[0]]->run().executable;
    std::vector<device::Sequence> sequences;
    for (std::size_t i : asking) {
      ASSERT_EQ(benches[i]->run().executable, executable) << "equal programs share one executable";
      sequences.push_back(benches[i]->run().sequence);
    }
    together += asking.size() == 2;
    auto serial = device->submit(executable, sequences);
    ASSERT_TRUE(serial) << serial.error().message();
    const auto outcome = device->wait(*serial, 60'000'000'000);
    ASSERT_TRUE(outcome) << outcome.error().message();
    for (std::size_t i : asking) {
      next[i] = benches[i]->finish_run(outcome);
      ASSERT_TRUE(next[i]) << next[i].error().message();
    }
  }
  EXPECT_GT(together, 10u);
  for (std::size_t i = 0; i < 2; ++i) {
    const Answer answer = benches[i]->take_answer();
    EXPECT_TRUE(answer.rows == alone[i].rows) << "sequence " << i << " differs in its bits";
    EXPECT_EQ(answer.tokens(false), alone[i].tokens(false)) << "sequence " << i;
  }
}

}  // namespace
}  // namespace driftwood::test
