#include "llama/records.h"

#include <algorithm>

#include "json.h"

namespace driftwood::guests::llama {
namespace {

// Keys stay in the order of the specification.
using Record = nlohmann::ordered_json;

std::string dump(const Record& record) {
  return record.dump(-1, ' ', false, Record::error_handler_t::replace);
}

}  // namespace

std::string text_record(std::string_view text) {
  return dump({{"type", "text"}, {"text", text}});
}

std::string token_record(const TokenRecord& token) {
  Record record = {{"type", "token"}, {"id", token.id}, {"text", token.text}};
  record["logprob"] = token.logprob ? Record(*token.logprob) : Record();
  if (token.top_logprobs > 0) {
    Record& alternatives = record["top_logprobs"] = Record::array();
    const std::size_t count =
        token.best ? std::min<std::size_t>(token.top_logprobs, token.best->ids.size()) : 0;
    for (std::size_t i = 0; i < count; ++i) {
      alternatives.push_back({{"id", token.best->ids[i]},
                              {"logprob", token.best->logits[i] - token.best->log_sum_exp}});
    }
  }
  if (token.is_prompt) record["prompt"] = true;
  return dump(record);
}

std::string score_record(std::uint64_t tokens, double logprob) {
  return dump({{"type", "score"}, {"tokens", tokens}, {"logprob", logprob}});
}

std::string usage_record(const Usage& usage) {
  return dump({{"type", "usage"},
               {"prompt_tokens", usage.prompt_tokens},
               {"completion_tokens", usage.completion_tokens},
               {"seed", usage.seed},
               {"prefill_ns", usage.prefill_ns},
               {"decode_ns", usage.decode_ns}});
}

std::string done_record(std::string_view reason, const std::optional<std::string>& stop_string) {
  Record record = {{"type", "done"}, {"reason", reason}};
  if (stop_string) record["stop"] = *stop_string;
  return dump(record);
}

}  // namespace driftwood::guests::llama
