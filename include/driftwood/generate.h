// driftwood.generate/1 (docs/generate.md) in C++: what one sends to an actor whose guest generates
// text, and the records that it answers with.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <driftwood/result.h>

namespace driftwood {

// What is absent is left to the guest, which asks the model's generation_config.json.
struct GenerateRequest {
  static constexpr std::uint64_t kMostSeed = std::uint64_t{1} << 53;

  std::string prompt;  // used unless prompt_ids is given
  std::optional<std::vector<std::int32_t>> prompt_ids;
  std::optional<std::uint32_t> max_tokens;
  std::optional<double> temperature;
  std::optional<std::uint32_t> top_k;
  std::optional<double> top_p;
  std::optional<double> min_p;
  std::optional<double> repetition_penalty;
  std::map<std::int32_t, double> logit_bias;  // by token id
  std::vector<std::string> stop;
  std::optional<std::uint64_t> seed;
  bool ignore_eos = false;
  std::optional<std::uint32_t> prefill_piece;
  bool tokens = false;  // report single tokens instead of text
  std::uint32_t top_logprobs = 0;
  bool prompt_logprobs = false;
  std::optional<std::uint32_t> score_from;  // first position of the prompt that is scored

  // The message for Actor::send(). Errors: invalid_argument when the prompt or a stop string is not
  // UTF-8, with the byte that breaks it.
  Result<std::string> to_json() const;
};

// Text that follows what came before; whole characters.
struct TextRecord {
  std::string text;
};

struct TokenLogprob {
  std::int32_t id = 0;
  std::optional<double> logprob;
};

// One token, where tokens were asked for.
struct TokenRecord : TokenLogprob {  // no logprob for the first token of a prompt
  std::string text;
  std::vector<TokenLogprob> top_logprobs;
  bool is_prompt = false;
};

// Of the prompt's tokens from `score_from` on, each given what precedes it.
struct ScoreRecord {
  std::uint64_t tokens = 0;
  std::optional<double> logprob;  // the sum; nothing where it is not finite
};

// Once, before the end.
struct UsageRecord {
  std::uint64_t prompt_tokens = 0;
  std::uint64_t completion_tokens = 0;
  std::uint64_t seed = 0;
  double prefill_ns = 0;
  double decode_ns = 0;
};

// The end of a request that was served.
struct DoneRecord {
  std::string reason;               // "stop", "length", "context", "cancelled"
  std::optional<std::string> stop;  // the stop string that ended it
};

// An Error is the end of a request that was not.
using GenerateRecord =
    std::variant<TextRecord, TokenRecord, ScoreRecord, UsageRecord, DoneRecord, Error>;

// A guest may write anything: a field that is missing or of another type reads as its default.
// Errors: guest_failed when it is no record of driftwood.generate/1.
Result<GenerateRecord> parse_generate_record(std::string_view record);

}  // namespace driftwood
