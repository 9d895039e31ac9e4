#include "cli/request_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/terminal.h"

namespace driftwood::cli {
namespace {

constexpr std::uint64_t kMostPromptBytes = std::uint64_t{4} << 20;
constexpr double kMostTimeoutS = 1e9;

Result<std::string> find_prompt(const RequestOptions& options) {
  if (options.prompt_option->count() > 0) return options.prompt;
  const std::string& path = options.prompt_path.empty() ? "-" : options.prompt_path;
  if (path == "-" && input_is_terminal()) say("Type the prompt, then Ctrl-D.\n");
  auto prompt = read_input(path, kMostPromptBytes);
  if (prompt && prompt->ends_with('\n')) prompt->pop_back();
  return prompt;
}

// A check of one number, which is not NaN.
CLI::Validator number_in(const std::string& what, bool (*holds)(double)) {
  return CLI::Validator(
      [what, holds](std::string& text) {
        double value = 0;
        const bool is_number = CLI::detail::lexical_cast(text, value);
        return is_number && holds(value) ? std::string() : fmt::format("{} is not {}", text, what);
      },
      "", what);
}

void add_sampling_options(CLI::App& command, RequestOptions& options) {
  GenerateRequest& request = options.request;
  command
      .add_option("--max-tokens", request.max_tokens,
                  "New tokens at most (default: the model's, otherwise until the context is full)")
      ->transform(whole_number(0, 4294967295));
  command
      .add_option("--temperature", request.temperature,
                  "Sampling temperature; 0 is greedy (default: the model's, otherwise 0.8)")
      ->check(number_in("a number from 0 to 100", [](double x) { return x >= 0 && x <= 100; }));
  command
      .add_option("--top-k", request.top_k,
                  "Sample among the K most probable tokens; 0: all (default: the model's, "
                  "otherwise 40)")
      ->transform(whole_number(0, 4294967295));
  command
      .add_option("--top-p", request.top_p,
                  "Sample among the most probable tokens of this mass (default: the model's, "
                  "otherwise 0.95)")
      ->check(number_in("a number above 0, at most 1", [](double x) { return x > 0 && x <= 1; }));
  command
      .add_option("--min-p", request.min_p,
                  "Sample among tokens of at least this share of the best one's probability "
                  "(default: the model's, otherwise 0)")
      ->check(number_in("a number from 0 to 1", [](double x) { return x >= 0 && x <= 1; }));
  command
      .add_option("--repetition-penalty", request.repetition_penalty,
                  "Divide the logits of tokens that were there before (default: the model's, "
                  "otherwise 1)")
      ->check(
          number_in("a number above 0, at most 100", [](double x) { return x > 0 && x <= 100; }));
  command
      .add_option("--logit-bias", options.logit_bias,
                  "ID:BIAS, from -100 to 100: add this to the token's logit; may be repeated")
      ->allow_extra_args(false);
  command
      .add_option("--stop", request.stop,
                  "End before this text, which is not printed; may be repeated")
      ->check(not_empty())
      ->allow_extra_args(false);
  command
      .add_option(
          "--seed", request.seed,
          "Seed of the sampler (default: chosen; shown at the end, at a terminal or with --json)")
      ->transform(whole_number(0, GenerateRequest::kMostSeed));
  command.add_flag("--ignore-eos", request.ignore_eos, "Go on after an end-of-sequence token");
  command
      .add_option("--prefill-piece", request.prefill_piece,
                  "Prompt rows that are worked on at once, at most (default: 512)")
      ->transform(whole_number(1, 512));
  command
      .add_option("--timeout", options.timeout_s,
                  "Seconds for the answer, at most (default: as long as it takes)")
      ->check(number_in("a number from 0 to 1000000000",
                        [](double x) { return x >= 0 && x <= kMostTimeoutS; }));
}

}  // namespace

bool RequestOptions::has_prompt() const {
  return prompt_option->count() + file_option->count() + ids_option->count() > 0;
}

bool RequestOptions::has_generation() const {
  return std::ranges::any_of(generation_options, [](auto* option) { return option->count() > 0; });
}

std::optional<std::uint64_t> RequestOptions::timeout_ns() const {
  if (!timeout_s) return std::nullopt;
  return static_cast<std::uint64_t>(*timeout_s * 1e9);  // up to kMostTimeoutS it fits
}

void add_request_options(CLI::App& command, RequestOptions& options) {
  const std::vector<CLI::Option*> before = command.get_options();
  add_sampling_options(command, options);
  for (CLI::Option* option : command.get_options()) {
    if (std::ranges::count(before, option) > 0) continue;
    option->group("Generation");
    options.generation_options.push_back(option);
  }
  options.prompt_option = command.add_option("PROMPT", options.prompt,
                                             "The text to continue (default: standard input)");
  options.file_option =
      command.add_option("--prompt-file", options.prompt_path, "Read the prompt from a file")
          ->check(not_empty());
  options.ids_option =
      command.add_option("--prompt-ids", options.prompt_ids,
                         "Token ids to continue, separated by commas; no BOS is added");
  options.ids_option->excludes(options.prompt_option)->excludes(options.file_option);
  options.file_option->excludes(options.prompt_option);
}

Result<void> read_request_options(RequestOptions& options) {
  auto logit_bias = parse_logit_bias(options.logit_bias);
  if (!logit_bias) return std::unexpected(logit_bias.error());
  options.request.logit_bias = *std::move(logit_bias);
  if (options.ids_option->count() == 0) return {};
  auto ids = parse_ids(options.prompt_ids);
  if (!ids) return std::unexpected(ids.error());
  options.request.prompt_ids = *std::move(ids);
  return {};
}

Result<std::string> make_message(RequestOptions& options, bool reports_tokens) {
  if (!options.request.prompt_ids) {
    auto prompt = find_prompt(options);
    if (!prompt) return prompt;
    options.request.prompt = *std::move(prompt);
  }
  options.request.tokens = reports_tokens;
  return options.request.to_json();
}

}  // namespace driftwood::cli
