#include <driftwood/generate.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "core/error.h"

namespace driftwood {
namespace {

using nlohmann::json;

template <typename T>
T integer_of(const json& record, const char* key) {
  const auto field = record.find(key);
  if (field == record.end() || !field->is_number_integer()) return 0;
  if (field->is_number_unsigned()) {
    const auto value = field->get<std::uint64_t>();
    return std::in_range<T>(value) ? static_cast<T>(value) : T{0};
  }
  const auto value = field->get<std::int64_t>();
  return std::in_range<T>(value) ? static_cast<T>(value) : T{0};
}

std::string text_of(const json& record, const char* key) {
  const auto field = record.find(key);
  return field != record.end() && field->is_string() ? field->get<std::string>() : std::string();
}

std::optional<double> number_of(const json& record, const char* key) {
  const auto field = record.find(key);
  if (field == record.end() || !field->is_number()) return std::nullopt;
  return field->get<double>();
}

TokenRecord token_of(const json& record) {
  TokenRecord token;
  token.id = integer_of<std::int32_t>(record, "id");
  token.logprob = number_of(record, "logprob");
  token.text = text_of(record, "text");
  const auto prompt = record.find("prompt");
  token.is_prompt = prompt != record.end() && *prompt == true;
  const auto top = record.find("top_logprobs");
  if (top == record.end() || !top->is_array()) return token;
  for (const json& entry : *top) {
    if (!entry.is_object()) continue;
    token.top_logprobs.push_back(
        {integer_of<std::int32_t>(entry, "id"), number_of(entry, "logprob")});
  }
  return token;
}

UsageRecord usage_of(const json& record) {
  return {.prompt_tokens = integer_of<std::uint64_t>(record, "prompt_tokens"),
          .cached_tokens = integer_of<std::uint64_t>(record, "cached_tokens"),
          .completion_tokens = integer_of<std::uint64_t>(record, "completion_tokens"),
          .seed = integer_of<std::uint64_t>(record, "seed"),
          .prefill_ns = number_of(record, "prefill_ns").value_or(0),
          .decode_ns = number_of(record, "decode_ns").value_or(0)};
}

DoneRecord done_of(const json& record) {
  DoneRecord done = {text_of(record, "reason"), {}};
  if (record.contains("stop")) done.stop = text_of(record, "stop");
  return done;
}

// A code that is not known is the guest's own.
Error error_of(const json& record) {
  const std::string code = text_of(record, "code");
  std::string message = text_of(record, "message");
  if (message.empty()) message = "The guest reported a failure without a message.";
  for (const auto known :
       {ErrorCode::invalid_argument, ErrorCode::not_found, ErrorCode::corrupt,
        ErrorCode::unsupported, ErrorCode::limit, ErrorCode::out_of_memory, ErrorCode::device_lost,
        ErrorCode::io, ErrorCode::timeout, ErrorCode::cancelled}) {
    if (code == name(known)) return Error(known, message);
  }
  return Error(ErrorCode::guest_failed, message);
}

}  // namespace

Result<std::string> GenerateRequest::to_json() const {
  json request;
  if (prompt_ids) {
    request["prompt_ids"] = *prompt_ids;
  } else {
    request["prompt"] = prompt;
  }
  if (max_tokens) request["max_tokens"] = *max_tokens;
  if (temperature) request["temperature"] = *temperature;
  if (top_k) request["top_k"] = *top_k;
  if (top_p) request["top_p"] = *top_p;
  if (min_p) request["min_p"] = *min_p;
  if (repetition_penalty) request["repetition_penalty"] = *repetition_penalty;
  for (const auto& [id, bias] : logit_bias) request["logit_bias"][std::to_string(id)] = bias;
  if (!stop.empty()) request["stop"] = stop;
  if (seed) request["seed"] = *seed;
  if (ignore_eos) request["ignore_eos"] = true;
  if (prefill_piece) request["prefill_piece"] = *prefill_piece;
  if (answered > 0) request["answered"] = answered;
  if (!reuse_prefix) request["reuse_prefix"] = false;
  if (tokens) request["output"] = "tokens";
  if (top_logprobs > 0) request["top_logprobs"] = top_logprobs;
  if (prompt_logprobs) request["prompt_logprobs"] = true;
  if (score_from) request["score_from"] = *score_from;
  try {
    return request.dump();
  } catch (const json::type_error& error) {
    // Its one complaint about a string; the text names the byte behind the exception's own id.
    const std::string_view text = error.what();
    return fail(ErrorCode::invalid_argument, "The {} not UTF-8: {}.",
                stop.empty() ? "prompt is" : "prompt or a stop string is",
                text.substr(text.find("] ") + 2));
  }
}

Result<GenerateRecord> parse_generate_record(std::string_view bytes) {
  const json record = json::parse(bytes, nullptr, false);
  const std::string type = record.is_object() ? text_of(record, "type") : "";
  if (type == "text") return TextRecord{text_of(record, "text")};
  if (type == "token") return token_of(record);
  if (type == "score") {
    return ScoreRecord{integer_of<std::uint64_t>(record, "tokens"), number_of(record, "logprob")};
  }
  if (type == "usage") return usage_of(record);
  if (type == "done") return done_of(record);
  if (type == "error") return error_of(record);
  return fail(ErrorCode::guest_failed,
              "The guest wrote a record that driftwood.generate/1 does not have.");
}

}  // namespace driftwood
