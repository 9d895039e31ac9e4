#include "cli/record_printer.h"

#include <fmt/format.h>

#include <cstdio>

#include "cli/terminal.h"

namespace driftwood::cli {
namespace {

using Json = nlohmann::ordered_json;

double tokens_per_second(const Json& usage) {
  // The first new token belongs to the prefill.
  const double decoded = usage.value("completion_tokens", 0.0) - 1;
  const double seconds = usage.value("decode_ns", 0.0) * 1e-9;
  return decoded > 0 && seconds > 0 ? decoded / seconds : 0;
}

// The error of an error record; a code that is not known is the guest's own.
Error error_of(const Json& record) {
  const std::string code = record.value("code", "");
  const std::string message =
      record.value("message", "The guest reported a failure without a message.");
  for (const auto known :
       {ErrorCode::invalid_argument, ErrorCode::not_found, ErrorCode::corrupt,
        ErrorCode::unsupported, ErrorCode::limit, ErrorCode::out_of_memory, ErrorCode::device_lost,
        ErrorCode::io, ErrorCode::timeout, ErrorCode::cancelled}) {
    if (code == name(known)) return Error(known, message);
  }
  return Error(ErrorCode::guest_failed, message);
}

}  // namespace

void RecordPrinter::take(std::string_view bytes) {
  Json record = Json::parse(bytes, nullptr, false);
  const std::string type = record.is_object() ? record.value("type", "") : "";
  if (type == "text") {
    const std::string text = record.value("text", "");
    fmt::print("{}", text);
    std::fflush(stdout);
    if (!text.empty()) ends_with_newline_ = text.back() == '\n';
  } else if (type == "token") {
    take_token(std::move(record));
  } else if (type == "usage") {
    record.erase("type");
    usage_ = std::move(record);
  } else if (type == "done") {
    reason_ = record.value("reason", "");
  } else if (type == "error") {
    failure_ = error_of(record);
  } else {
    failure_ = Error(ErrorCode::guest_failed,
                     "The guest wrote a record that driftwood.generate/1 does not have.");
  }
}

void RecordPrinter::take_token(Json record) {
  record.erase("type");
  fmt::print("{}\n", record.dump());
  std::fflush(stdout);
}

void RecordPrinter::finish(std::uint64_t weight_bytes) {
  const double rate = tokens_per_second(usage_);
  if (json_) {
    const double decode_ns = usage_.value("decode_ns", 0.0),
                 prefill_ns = usage_.value("prefill_ns", 0.0);
    fmt::print("{}\n", Json{{"done", reason_},
                            {"usage",
                             {{"prompt_tokens", usage_.value("prompt_tokens", 0)},
                              {"completion_tokens", usage_.value("completion_tokens", 0)}}},
                            {"seed", usage_.value("seed", Json())},
                            {"timings",
                             {{"prefill_ms", prefill_ns * 1e-6},
                              {"decode_ms", decode_ns * 1e-6},
                              {"tokens_per_second", rate}}}}
                           .dump());
    return;
  }
  if (!ends_with_newline_) fmt::print("\n");
  if (!error_is_terminal() || usage_.is_null()) return;
  fmt::print(stderr,
             "{} prompt tokens in {:.1f} ms, {} new tokens at {:.1f} tokens/s ({:.2f} GB/s), seed "
             "{}, {}\n",
             usage_.value("prompt_tokens", 0), usage_.value("prefill_ns", 0.0) * 1e-6,
             usage_.value("completion_tokens", 0), rate,
             rate * static_cast<double>(weight_bytes) * 1e-9,
             usage_.value("seed", std::uint64_t{0}), reason_);
}

}  // namespace driftwood::cli
