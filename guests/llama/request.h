// One request of driftwood.generate/1 (docs/generate.md), and what holds where it is silent.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "driftwood_result.hpp"
#include "llama/sampler.h"

namespace driftwood::guests::llama {

struct Defaults {
  SamplerSettings sampler;
  double repetition_penalty = 1;
  std::vector<std::int32_t> eos_ids;
  std::uint32_t max_tokens = std::numeric_limits<std::uint32_t>::max();
};

// From generation_config.json, the end-of-sequence ids otherwise from config.json.
// Errors: a value that is out of range, its key named.
sdk::Result<Defaults> parse_defaults(std::string_view generation_json,
                                     std::string_view config_json);

struct Request {
  std::optional<std::string> prompt;  // otherwise prompt_ids
  std::vector<std::int32_t> prompt_ids;
  std::uint32_t max_tokens = std::numeric_limits<std::uint32_t>::max();
  SamplerSettings sampler;
  double repetition_penalty = 1;
  std::map<std::int32_t, double> logit_bias;  // by token id
  std::vector<std::string> stop;
  std::optional<std::uint64_t> seed;
  bool ignore_eos = false;
  std::uint32_t prefill_piece = 512;
  bool reuse_prefix = true;  // that it has in common with the last request
  bool reports_tokens = false;
  std::uint32_t top_logprobs = 0;
  bool prompt_logprobs = false;
  std::uint32_t answered = 0;               // last tokens of the prompt that are the answer's first
  std::optional<std::uint32_t> score_from;  // first position of the prompt that is scored
};

// Errors: DW_E_INVALID with the key and the value.
sdk::Result<Request> parse_request(std::string_view message, const Defaults& defaults);

}  // namespace driftwood::guests::llama
