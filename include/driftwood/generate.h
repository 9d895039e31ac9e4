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

// What is absent is left to the guest, which asks the model's generation_config.json first; the
// guest also refuses what is out of range, with an Error among its records.
struct GenerateRequest {
  static constexpr std::uint64_t kMostSeed = std::uint64_t{1} << 53;

  std::string prompt;                                   // UTF-8; used unless prompt_ids is given
  std::optional<std::vector<std::int32_t>> prompt_ids;  // as they are, no BOS added
  std::optional<std::uint32_t> max_tokens;     // new ones; otherwise till the context is full
  std::optional<double> temperature;           // 0 (greedy) to 100; otherwise 0.8
  std::optional<std::uint32_t> top_k;          // 0: all; otherwise 40
  std::optional<double> top_p;                 // above 0, at most 1; otherwise 0.95
  std::optional<double> min_p;                 // 0 to 1, of the best one's probability; otherwise 0
  std::optional<double> repetition_penalty;    // above 0, at most 100; otherwise 1
  std::map<std::int32_t, double> logit_bias;   // by token id, each from -100 to 100; at most 1,024
  std::vector<std::string> stop;               // at most 16, each of 1 to 1,024 bytes of UTF-8
  std::optional<std::uint64_t> seed;           // at most kMostSeed; otherwise chosen and reported
  bool ignore_eos = false;                     // go on behind an end-of-sequence token
  std::optional<std::uint32_t> prefill_piece;  // rows of the prompt in one run, 1 to 512
  std::uint32_t answered = 0;  // last tokens of the prompt that are the answer's first
  bool reuse_prefix = true;  // do not compute again what the last request and its answer began with
  bool tokens = false;                         // report single tokens instead of text
  std::uint32_t top_logprobs = 0;  // alternatives of each token, at most 20; with tokens only
  bool prompt_logprobs = false;    // report the prompt's tokens, too; with tokens only
  std::optional<std::uint32_t> score_from;  // first position of the prompt that is scored, from 1

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
  std::optional<double> logprob;  // natural logarithm; nothing where it is not finite
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
  std::uint64_t cached_tokens = 0;  // of them, those that were not computed again
  std::uint64_t completion_tokens = 0;
  std::uint64_t seed = 0;
  double prefill_ns = 0;  // from the message's arrival to the first new token
  double decode_ns = 0;   // from there to the end
};

// The end of a request that was served.
struct DoneRecord {
  std::string reason;               // "stop", "length", "context", "deadline", "cancelled"
  std::optional<std::string> stop;  // the stop string that ended it
};

// An Error is the end of a request that was not.
using GenerateRecord =
    std::variant<TextRecord, TokenRecord, ScoreRecord, UsageRecord, DoneRecord, Error>;

// A guest may write anything: a field that is missing or of another type reads as its default.
// Errors: guest_failed when it is no record of driftwood.generate/1.
Result<GenerateRecord> parse_generate_record(std::string_view record);

}  // namespace driftwood
