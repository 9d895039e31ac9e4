#include "llama/records.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "json.h"

namespace driftwood::guests::llama {
namespace {

// Keys stay in the order of the specification.
using Record = nlohmann::ordered_json;

std::string dump(const Record& record) {
  return record.dump(-1, ' ', false, Record::error_handler_t::replace);
}

// As JSON, with quotes. What needs no escape, as most tokens do, is copied.
void append_text(std::string& record, const std::string& text) {
  const bool is_plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
  });
  if (is_plain) {
    record += '"';
    record += text;
    record += '"';
  } else {
    record += dump(text);
  }
}

// The shortest digits that give this number again; null for what is none.
void append_number(std::string& record, double number) {
  if (!std::isfinite(number)) {
    record += "null";
    return;
  }
  std::array<char, 32> digits;  // a double has at most 17 of them, a sign, a point and an exponent
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  record.append(digits.data(), end);
}

}  // namespace

std::string text_record(std::string_view text) {
  return dump({{"type", "text"}, {"text", text}});
}

// Put together by hand: one is written for every token, and a JSON object of it would cost more
// than all else that the guest does for one.
std::string token_record(const TokenRecord& token) {
  std::string record = R"({"type":"token","id":)" + std::to_string(token.id) + R"(,"text":)";
  append_text(record, token.text);
  record += R"(,"logprob":)";
  append_number(record, token.logprob.value_or(NAN));
  if (token.top_logprobs > 0) {
    record += R"(,"top_logprobs":[)";
    const std::size_t count =
        token.best ? std::min<std::size_t>(token.top_logprobs, token.best->ids.size()) : 0;
    for (std::size_t i = 0; i < count; ++i) {
      record += i > 0 ? R"(,{"id":)" : R"({"id":)";
      record += std::to_string(token.best->ids[i]);
      record += R"(,"logprob":)";
      append_number(record, token.best->logits[i] - token.best->log_sum_exp);
      record += '}';
    }
    record += ']';
  }
  if (token.is_prompt) record += R"(,"prompt":true)";
  record += '}';
  return record;
}

std::string score_record(std::uint64_t tokens, double logprob) {
  return dump({{"type", "score"}, {"tokens", tokens}, {"logprob", logprob}});
}

std::string usage_record(const Usage& usage) {
  return dump({{"type", "usage"},
               {"prompt_tokens", usage.prompt_tokens},
               {"cached_tokens", usage.cached_tokens},
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
