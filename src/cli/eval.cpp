// `driftwood eval`: how well a model predicts a text.
#include <driftwood/generate.h>
#include <driftwood/runtime.h>
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <variant>

#include "cli/commands.h"
#include "cli/encode_text.h"
#include "cli/eval_windows.h"
#include "cli/fail.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/model.h"
#include "cli/terminal.h"

namespace driftwood::cli {
namespace {

constexpr std::uint64_t kMostTextBytes = std::uint64_t{1} << 30;
constexpr std::uint32_t kDefaultContext = 512;

struct EvalOptions {
  std::string model;
  std::string text_path;
  std::string protocol = "stride";
  std::uint32_t context = kDefaultContext;
  std::string kv_dtype;
  RuntimeOptions runtime;
  bool json = false;
};

struct Score {
  std::uint64_t tokens = 0;
  double negative_log_likelihood = 0;  // natural logarithm

  double perplexity() const {
    return std::exp(negative_log_likelihood / static_cast<double>(tokens));
  }
};

struct Text {
  std::uint64_t bytes;
  std::vector<std::int32_t> ids;
  std::optional<std::int32_t> bos;
};

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

Result<Text> read_text(const Model& model, const std::string& path) {
  auto bytes = read_input(path, kMostTextBytes);
  if (!bytes) return std::unexpected(bytes.error());
  const auto special = model.encode("", true);
  if (!special) return std::unexpected(special.error());
  auto ids = encode_text(model, *bytes, [&](std::size_t done) {
    show_progress(fmt::format("encoding the text, {} of {} bytes", done, bytes->size()));
  });
  if (!ids) return std::unexpected(ids.error());
  Text text = {bytes->size(), *std::move(ids), {}};
  if (!special->empty()) text.bos = special->front();
  return text;
}

// What the guest says of one window. Errors: those of the actor, and what the guest answers instead
// of a score.
Result<Score> score_window(Actor& actor, const Window& window) {
  GenerateRequest request;
  request.prompt_ids = window.ids;
  request.score_from = window.score_from;
  request.max_tokens = 0;
  request.tokens = true;
  auto message = request.to_json();
  if (!message) return std::unexpected(message.error());
  actor.send(*std::move(message));
  Score sum;
  std::optional<Error> failure;
  const auto status = actor.run([&](std::string_view bytes) {
    const auto record = parse_generate_record(bytes);
    if (!record) {
      failure = record.error();
    } else if (const auto* error = std::get_if<Error>(&*record)) {
      failure = *error;
    } else if (const auto* score = std::get_if<ScoreRecord>(&*record)) {
      sum = {score->tokens, -score->logprob.value_or(-INFINITY)};
    }
  });
  if (!status) return std::unexpected(status.error());
  if (failure) return std::unexpected(*failure);
  if (interrupted()) {
    return fail(ErrorCode::cancelled, "The evaluation was interrupted.");
  }
  if (sum.tokens == 0) {
    return fail(ErrorCode::guest_failed, "The guest gave no score.");
  }
  return sum;
}

Result<Score> score_windows(Actor& actor, const EvalWindows& windows) {
  const CancelOnInterrupt guard(actor);
  const auto begin = std::chrono::steady_clock::now();
  double shown_at = 0;
  Score sum;
  for (std::size_t i = 0; i < windows.count(); ++i) {
    const auto score = score_window(actor, windows.window(i));
    if (!score) return std::unexpected(score.error());
    sum.tokens += score->tokens;
    sum.negative_log_likelihood += score->negative_log_likelihood;
    const double seconds = seconds_since(begin);
    if (seconds - shown_at < 0.1) continue;
    shown_at = seconds;
    const double left =
        seconds / static_cast<double>(i + 1) * static_cast<double>(windows.count() - i - 1);
    show_progress(fmt::format("{} of {} windows, perplexity {:.4f}, about {:.0f} s left", i + 1,
                              windows.count(), sum.perplexity(), left));
  }
  return sum;
}

void print(const EvalOptions& options, const Text& text, const Score& score, double seconds) {
  const double text_tokens = static_cast<double>(text.ids.size());
  const double bits = score.negative_log_likelihood / std::numbers::ln2;
  const double bits_per_byte =
      bits / static_cast<double>(score.tokens) * text_tokens / static_cast<double>(text.bytes);
  if (options.json) {
    const nlohmann::ordered_json line = {{"perplexity", score.perplexity()},
                                         {"negative_log_likelihood", score.negative_log_likelihood},
                                         {"tokens", score.tokens},
                                         {"bits_per_byte", bits_per_byte},
                                         {"protocol", options.protocol},
                                         {"context", options.context},
                                         {"text_bytes", text.bytes},
                                         {"text_tokens", text.ids.size()},
                                         {"seconds", seconds}};
    fmt::print("{}\n", line.dump());
    return;
  }
  fmt::print("perplexity               {:.4f}\n", score.perplexity());
  fmt::print("negative log-likelihood  {:.4f}\n", score.negative_log_likelihood);
  fmt::print("tokens scored            {} of {}\n", score.tokens, text.ids.size());
  fmt::print("bits per byte            {:.4f}\n", bits_per_byte);
}

int eval(const EvalOptions& options) {
  const auto runtime = Runtime::create(options.runtime);
  if (!runtime) return report(runtime.error());
  const auto model = open_model(*runtime, options.model);
  if (!model) return report(model.error());
  const auto text = read_text(*model, options.text_path);
  if (!text) return report(text.error());
  const EvalWindows windows(
      options.protocol == "llama.cpp" ? EvalProtocol::llama_cpp : EvalProtocol::stride,
      options.context, text->bos, text->ids);
  if (windows.count() == 0) {
    return report(Error(ErrorCode::invalid_argument,
                        fmt::format("The text has {} tokens, too few to score any with a context "
                                    "of {}.",
                                    text->ids.size(), options.context)));
  }
  const auto guest = runtime->builtin_guest("llama");
  if (!guest) return report(guest.error());
  auto actor = runtime->spawn(*guest, *model, {options.context, options.kv_dtype});
  if (!actor) return report(actor.error());
  const auto begin = std::chrono::steady_clock::now();
  const auto score = score_windows(*actor, windows);
  clear_progress();
  if (!score) return report(score.error());
  print(options, *text, *score, seconds_since(begin));
  return kSuccess;
}

}  // namespace

void add_eval(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<EvalOptions>();
  CLI::App* command = app.add_subcommand("eval", "Measure how well a model predicts a text");
  command->add_option("FILE", options->text_path, "The text in UTF-8; - is standard input")
      ->required()
      ->check(not_empty());
  command->add_option("--model", options->model, std::string(kModelHelp) + kDefaultModelHelp)
      ->check(not_empty());
  command
      ->add_option("--context", options->context,
                   fmt::format("Tokens in one window (default: {})", kDefaultContext))
      ->transform(whole_number(4, 2147483647));
  command
      ->add_option("--protocol", options->protocol,
                   "stride: every token once, with half a context before it at least; llama.cpp: "
                   "as its perplexity tool (default: stride)")
      ->check(CLI::IsMember({"stride", "llama.cpp"}));
  add_kv_dtype_option(*command, options->kv_dtype);
  command->add_flag("--json", options->json, "Print one JSON object");
  add_device_options(*command, options->runtime, "the best one");
  command->footer(
      "Perplexity is exp(negative log-likelihood / tokens scored), natural logarithms. Bits per "
      "byte\n"
      "are the bits of a scored token times the text's tokens per byte.\n\n"
      "Examples:\n"
      "  driftwood eval text.txt\n"
      "  driftwood eval --model path/to/folder --protocol llama.cpp --context 256 --json text.txt");
  command->callback([options, &chosen] { chosen = [options] { return eval(*options); }; });
}

}  // namespace driftwood::cli
