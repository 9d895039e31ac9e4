#include "cli/record_printer.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "cli/terminal.h"

namespace driftwood::cli {
namespace {

using nlohmann::ordered_json;

ordered_json logprob_of(const TokenLogprob& token) {
  return token.logprob ? ordered_json(*token.logprob) : ordered_json(nullptr);
}

// To microseconds.
double milliseconds(double nanoseconds) {
  return std::round(nanoseconds * 1e-3) * 1e-3;
}

}  // namespace

double RecordPrinter::tokens_per_second() const {
  // The first new token belongs to the prefill.
  if (usage_.completion_tokens < 2 || usage_.decode_ns <= 0) return 0;
  const auto tokens = static_cast<double>(usage_.completion_tokens - 1);
  return std::round(tokens / usage_.decode_ns * 1e12) * 1e-3;
}

void RecordPrinter::take(std::string_view bytes) {
  const auto record = parse_generate_record(bytes);
  if (!record && protocol_ == Protocol::any) {
    took_other_ = true;
    return other_.take(bytes);
  }
  if (!reason_.empty()) end_answer({});
  if (!record) {
    if (!failure_) failure_ = record.error();
  } else if (const auto* text = std::get_if<TextRecord>(&*record)) {
    print(*text);
  } else if (const auto* token = std::get_if<TokenRecord>(&*record)) {
    print(*token);
  } else if (const auto* usage = std::get_if<UsageRecord>(&*record)) {
    usage_ = *usage;
  } else if (const auto* done = std::get_if<DoneRecord>(&*record)) {
    reason_ = done->reason;
    stop_string_ = done->stop;
    ended_by_deadline_ = reason_ == "deadline";
  } else if (const auto* error = std::get_if<Error>(&*record)) {
    failure_ = *error;
  }
}

// A conversation goes on with the records that it was begun with, whichever are asked for now.
void RecordPrinter::print(const TextRecord& record) {
  if (!json_ || record.text.empty()) return output_.print(record.text);
  output_.print(ordered_json{{"text", record.text}}.dump() + "\n");
}

void RecordPrinter::print(const TokenRecord& record) {
  if (!json_) {
    if (!record.is_prompt) output_.print(record.text);
    return;
  }
  ordered_json line = {{"id", record.id}, {"text", record.text}, {"logprob", logprob_of(record)}};
  line["top_logprobs"] = ordered_json::array();
  for (const TokenLogprob& entry : record.top_logprobs) {
    line["top_logprobs"].push_back({{"id", entry.id}, {"logprob", logprob_of(entry)}});
  }
  if (record.is_prompt) line["prompt"] = true;
  output_.print(line.dump() + "\n");
}

std::optional<Error> RecordPrinter::failure(ActorStatus status) const {
  if (took_other_ && other_.failure()) return other_.failure();
  const bool may_go_on = status == ActorStatus::paused;
  if (failure_ || !reason_.empty() || took_other_ || may_go_on) return failure_;
  return Error(ErrorCode::guest_failed, "The guest ended without saying that it is done.");
}

void RecordPrinter::finish(const std::optional<Saved>& saved) {
  const bool may_go_on = saved && saved->is_paused;
  if (took_other_) other_.finish();
  if (!reason_.empty()) end_answer(may_go_on ? std::nullopt : saved);
  if (!may_go_on) return;
  if (json_) {
    output_.print(ordered_json{{"done", "paused"}, {"saved", saved->to_json()}}.dump() + "\n");
  } else if (output_is_terminal()) {
    output_.end_line();
  }
}

void RecordPrinter::end_answer(const std::optional<Saved>& saved) {
  const std::string reason = std::exchange(reason_, {});
  const double rate = tokens_per_second();
  if (json_) {
    ordered_json line = {{"done", reason}};
    if (stop_string_) line["stop"] = *stop_string_;
    line["usage"] = {{"prompt_tokens", usage_.prompt_tokens},
                     {"completion_tokens", usage_.completion_tokens}};
    line["seed"] = usage_.seed;
    line["timings"] = {{"prefill_ms", milliseconds(usage_.prefill_ns)},
                       {"decode_ms", milliseconds(usage_.decode_ns)},
                       {"tokens_per_second", rate}};
    if (saved) line["saved"] = saved->to_json();
    output_.print(line.dump() + "\n");
    return;
  }
  output_.end_line();
  if (!error_is_terminal()) return;
  say("{} prompt tokens in {:.1f} ms, {} new tokens at {:.1f} tokens/s ({:.2f} GB/s), seed "
      "{}, {}\n",
      usage_.prompt_tokens, usage_.prefill_ns * 1e-6, usage_.completion_tokens, rate,
      rate * static_cast<double>(weight_bytes_) * 1e-9, usage_.seed, reason);
}

}  // namespace driftwood::cli
