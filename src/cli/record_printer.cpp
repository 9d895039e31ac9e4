#include "cli/record_printer.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "cli/terminal.h"

namespace driftwood::cli {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// A guest may write anything, so that no field is taken for granted: one that is missing or of
// another type reads as the fallback, and output is made anew from the fields that are known.
std::string text_of(const json& record, const char* key) {
  const auto field = record.find(key);
  return field != record.end() && field->is_string() ? field->get<std::string>() : std::string();
}

double number_of(const json& record, const char* key) {
  const auto field = record.find(key);
  return field != record.end() && field->is_number() ? field->get<double>() : 0.0;
}

std::uint64_t count_of(const json& record, const char* key) {
  const auto field = record.find(key);
  return field != record.end() && field->is_number_unsigned() ? field->get<std::uint64_t>() : 0;
}

ordered_json logprob_of(const json& record) {
  const auto field = record.find("logprob");
  if (field == record.end() || !field->is_number()) return nullptr;
  return field->get<double>();
}

// To microseconds.
double milliseconds(double nanoseconds) {
  return std::round(nanoseconds * 1e-3) * 1e-3;
}

// The error of an error record; a code that is not known is the guest's own.
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

double RecordPrinter::Usage::tokens_per_second() const {
  // The first new token belongs to the prefill.
  if (completion_tokens < 2 || decode_ns <= 0) return 0;
  return std::round(static_cast<double>(completion_tokens - 1) / decode_ns * 1e12) * 1e-3;
}

void RecordPrinter::take(std::string_view bytes) {
  const json record = json::parse(bytes, nullptr, false);
  const std::string type = record.is_object() ? text_of(record, "type") : "";
  if (type == "text") {
    take_text(text_of(record, "text"));
  } else if (type == "token") {
    take_token(record);
  } else if (type == "usage") {
    usage_ = {.prompt_tokens = count_of(record, "prompt_tokens"),
              .completion_tokens = count_of(record, "completion_tokens"),
              .seed = count_of(record, "seed"),
              .prefill_ns = number_of(record, "prefill_ns"),
              .decode_ns = number_of(record, "decode_ns")};
  } else if (type == "done") {
    reason_ = text_of(record, "reason");
  } else if (type == "error") {
    failure_ = error_of(record);
  } else if (!failure_) {
    failure_ = Error(ErrorCode::guest_failed,
                     "The guest wrote a record that driftwood.generate/1 does not have.");
  }
}

void RecordPrinter::take_text(const std::string& text) {
  if (text.empty()) return;
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  ends_with_newline_ = text.back() == '\n';
}

void RecordPrinter::take_token(const json& record) {
  ordered_json line = {{"id", count_of(record, "id")},
                       {"text", text_of(record, "text")},
                       {"logprob", logprob_of(record)}};
  line["top_logprobs"] = ordered_json::array();
  if (const auto top = record.find("top_logprobs"); top != record.end() && top->is_array()) {
    for (const json& entry : *top) {
      if (!entry.is_object()) continue;
      line["top_logprobs"].push_back(
          {{"id", count_of(entry, "id")}, {"logprob", logprob_of(entry)}});
    }
  }
  if (const auto prompt = record.find("prompt"); prompt != record.end() && *prompt == true) {
    line["prompt"] = true;
  }
  fmt::print("{}\n", line.dump());
  std::fflush(stdout);
}

std::optional<Error> RecordPrinter::failure() const {
  if (failure_ || !reason_.empty()) return failure_;
  return Error(ErrorCode::guest_failed, "The guest ended without saying that it is done.");
}

void RecordPrinter::finish(std::uint64_t weight_bytes) const {
  if (json_) {
    const ordered_json line = {{"done", reason_},
                               {"usage",
                                {{"prompt_tokens", usage_.prompt_tokens},
                                 {"completion_tokens", usage_.completion_tokens}}},
                               {"seed", usage_.seed},
                               {"timings",
                                {{"prefill_ms", milliseconds(usage_.prefill_ns)},
                                 {"decode_ms", milliseconds(usage_.decode_ns)},
                                 {"tokens_per_second", usage_.tokens_per_second()}}}};
    fmt::print("{}\n", line.dump());
    return;
  }
  if (!ends_with_newline_) fmt::print("\n");
  if (!error_is_terminal()) return;
  const double rate = usage_.tokens_per_second();
  fmt::print(stderr,
             "{} prompt tokens in {:.1f} ms, {} new tokens at {:.1f} tokens/s ({:.2f} GB/s), seed "
             "{}, {}\n",
             usage_.prompt_tokens, usage_.prefill_ns * 1e-6, usage_.completion_tokens, rate,
             rate * static_cast<double>(weight_bytes) * 1e-9, usage_.seed, reason_);
}

}  // namespace driftwood::cli
