// The output records of driftwood.generate/1 (docs/generate.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "llama/sampler.h"

namespace driftwood::guests::llama {

struct TokenRecord {
  std::int32_t id;
  std::string text;
  std::optional<float> logprob;  // nothing: null
  bool is_prompt;
  std::optional<BestLogits> best;  // where the alternatives come from
  std::uint32_t top_logprobs;      // how many of them
};

struct Usage {
  std::uint64_t prompt_tokens = 0;
  std::uint64_t cached_tokens = 0;  // of the prompt's, those that were there from the last request
  std::uint64_t completion_tokens = 0;
  std::uint64_t seed = 0;
  std::uint64_t prefill_ns = 0, decode_ns = 0;
};

std::string text_record(std::string_view text);
std::string token_record(const TokenRecord& token);
// `logprob`: the sum over so many tokens.
std::string score_record(std::uint64_t tokens, double logprob);
std::string usage_record(const Usage& usage);
// `stop_string`: the one that ended it, if one did.
std::string done_record(std::string_view reason, const std::optional<std::string>& stop_string);

}  // namespace driftwood::guests::llama
