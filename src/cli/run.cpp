// `driftwood run`: one prompt through a guest that speaks driftwood.generate/1, streamed, or one
// message of any bytes through any guest.
#include <driftwood/generate.h>
#include <driftwood/runtime.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <future>

#include "cli/commands.h"
#include "cli/fail.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/model.h"
#include "cli/record_lines.h"
#include "cli/record_printer.h"
#include "cli/terminal.h"

namespace driftwood::cli {
namespace {

constexpr std::uint64_t kMostPromptBytes = std::uint64_t{4} << 20;
constexpr std::uint64_t kMostInputBytes = std::uint64_t{256} << 20;
constexpr std::uint64_t kMostGuestBytes = std::uint64_t{256} << 20;

struct RunOptions {
  std::string model;
  std::string guest;  // a built-in guest's name, or a file
  std::string input_path;
  std::string prompt;
  std::string prompt_path;
  std::string prompt_ids;
  std::vector<std::string> logit_bias;
  bool prompt_given = false;
  bool ids_given = false;
  RuntimeOptions runtime;
  ActorOptions actor;
  GenerateRequest request;
  bool json = false;
  std::optional<double> timeout_s;
  std::string trace_path;  // empty: no trace
};

// The prompt from the argument, --prompt-file or standard input, in this order. Files and pipes end
// with a newline that nobody means; one is dropped.
Result<std::string> find_prompt(const RunOptions& options) {
  if (options.prompt_given) return options.prompt;
  const std::string& path = options.prompt_path.empty() ? "-" : options.prompt_path;
  if (path == "-" && input_is_terminal()) fmt::print(stderr, "Type the prompt, then Ctrl-D.\n");
  auto prompt = read_input(path, kMostPromptBytes);
  if (prompt && prompt->ends_with('\n')) prompt->pop_back();
  return prompt;
}

Result<GuestModule> find_guest(const Runtime& runtime, const std::string& guest) {
  if (guest.empty()) return runtime.builtin_guest("llama");
  if (guest.find_first_of("./") == std::string::npos) return runtime.builtin_guest(guest);
  auto bytes = read_input(guest, kMostGuestBytes);
  if (!bytes) return std::unexpected(bytes.error());
  auto module = runtime.compile_guest(std::as_bytes(std::span(*bytes)));
  if (!module)
    return std::unexpected(module.error().with_context(fmt::format("Guest \"{}\"", guest)));
  return module;
}

Result<Actor> make_actor(const Runtime& runtime, const RunOptions& options,
                         std::uint64_t& weight_bytes) {
  // Compiling a guest and reading a large tokenizer take about as long as each other.
  auto compiling = std::async([&] { return find_guest(runtime, options.guest); });
  std::optional<Model> model;
  // Guests that take a prompt have a model; what takes other input may do without.
  if (!options.model.empty() || options.input_path.empty()) {
    auto opened = open_model(runtime, options.model);
    if (!opened) return std::unexpected(opened.error());
    weight_bytes = opened->weight_bytes();
    model = *std::move(opened);
  }
  const auto guest = compiling.get();
  if (!guest) return std::unexpected(guest.error());
  auto actor = runtime.spawn(*guest, model, options.actor);
  clear_progress();
  return actor;
}

constexpr double kMostTimeoutS = 1e9;

std::uint64_t nanoseconds(double seconds) {
  return static_cast<std::uint64_t>(seconds * 1e9);  // up to kMostTimeoutS it fits
}

// Has the actor work on one message, its records going to `printer` as they come.
template <typename Printer>
Result<ActorStatus> work(Actor& actor, std::string message, std::optional<double> timeout_s,
                         std::string_view progress, Printer& printer) {
  actor.send(std::move(message), timeout_s.transform(nanoseconds));
  const CancelOnInterrupt guard(actor);
  show_progress(progress);
  auto status = actor.run([&](std::string_view record) {
    clear_progress();
    printer.take(record);
  });
  clear_progress();
  return status;
}

int run_prompt(const Runtime& runtime, RunOptions& options) {
  if (!options.ids_given) {
    auto prompt = find_prompt(options);
    if (!prompt) return report(prompt.error());
    options.request.prompt = *std::move(prompt);
  }
  options.request.tokens = options.json;
  auto message = options.request.to_json();
  if (!message) return report(message.error());
  std::uint64_t weight_bytes = 0;
  auto actor = make_actor(runtime, options, weight_bytes);
  if (!actor) return report(actor.error());

  RecordPrinter printer(options.json);
  const auto status =
      work(*actor, *std::move(message), options.timeout_s, "reading the prompt", printer);
  if (!status) return report(status.error());
  if (const auto failure = printer.failure()) return report(*failure);
  printer.finish(weight_bytes);
  if (printer.ended_by_deadline() && !options.json) {
    fmt::print(stderr, "driftwood: The time for the answer ({} s) was over.\n", *options.timeout_s);
  }
  return interrupted() ? kInterrupted : kSuccess;
}

int run_input(const Runtime& runtime, const RunOptions& options) {
  auto message = read_input(options.input_path, kMostInputBytes);
  if (!message) return report(message.error());
  std::uint64_t weight_bytes = 0;
  auto actor = make_actor(runtime, options, weight_bytes);
  if (!actor) return report(actor.error());

  RecordLines printer(options.json);
  const auto status = work(*actor, *std::move(message), options.timeout_s, "working", printer);
  printer.finish();
  if (!status) return report(status.error());
  if (printer.failure()) return report(*printer.failure());
  return interrupted() ? kInterrupted : kSuccess;
}

// The file of --trace-hash; "-" is standard output.
class TraceFile {
 public:
  ~TraceFile() {
    if (file_ != nullptr && file_ != stdout) std::fclose(file_);
  }

  Result<void> start(Runtime& runtime, const std::string& path) {
    path_ = path;
    file_ = path == "-" ? stdout : std::fopen(path.c_str(), "w");
    if (file_ == nullptr) return failure();
    return runtime.trace_hashes([file = file_](const OpHash& op) {
      fmt::print(file, "{} {} {} {:016x}\n", op.run, op.op, op.name, op.hash);
    });
  }

  Result<void> finish() {
    if (file_ == nullptr || (std::fflush(file_) == 0 && !std::ferror(file_))) return {};
    return failure();
  }

 private:
  std::unexpected<Error> failure() const {
    return fail(ErrorCode::io, "The trace \"{}\" cannot be written: {}.", path_,
                std::strerror(errno));
  }

  std::string path_;
  std::FILE* file_ = nullptr;
};

int run(RunOptions options) {
  auto logit_bias = parse_logit_bias(options.logit_bias);
  if (!logit_bias) return report_usage(logit_bias.error().message());
  options.request.logit_bias = *std::move(logit_bias);
  if (options.ids_given) {
    auto ids = parse_ids(options.prompt_ids);
    if (!ids) return report_usage(ids.error().message());
    options.request.prompt_ids = *std::move(ids);
  }
  auto runtime = Runtime::create(options.runtime);
  if (!runtime) return report(runtime.error());
  TraceFile trace;
  if (!options.trace_path.empty()) {
    if (auto started = trace.start(*runtime, options.trace_path); !started) {
      return report(started.error());
    }
  }
  const int code =
      options.input_path.empty() ? run_prompt(*runtime, options) : run_input(*runtime, options);
  if (auto written = trace.finish(); !written) return report(written.error());
  return code;
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

void add_sampling_options(CLI::App& command, RunOptions& options) {
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
  for (CLI::Option* option : command.get_options()) {
    if (option->get_group() == "Options" && option->get_name() != "--help")
      option->group("Generation");
  }
}

void add_output_options(CLI::App& command, RunOptions& options) {
  command
      .add_flag("--json", options.json,
                "Print one JSON line for every token, then one with usage and timings")
      ->group("Output");
  command
      .add_option("--top-logprobs", options.request.top_logprobs,
                  "With --json: how many alternatives of each token")
      ->transform(whole_number(0, 20))
      ->needs("--json")
      ->group("Output");
  command
      .add_flag("--prompt-logprobs", options.request.prompt_logprobs,
                "With --json: the prompt's positions first, marked \"prompt\": true")
      ->needs("--json")
      ->group("Output");
  command
      .add_option("--trace-hash", options.trace_path,
                  "Write a line for each op of each run, with a hash of the bits that it wrote, to "
                  "a file or \"-\"")
      ->check(not_empty())
      ->group("Output");
}

}  // namespace

void add_run(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command =
      app.add_subcommand("run", "Continue a prompt with a model, streaming the text");
  add_sampling_options(*command, *options);

  CLI::Option* prompt = command->add_option("PROMPT", options->prompt,
                                            "The text to continue (default: standard input)");
  CLI::Option* file =
      command->add_option("--prompt-file", options->prompt_path, "Read the prompt from a file")
          ->check(not_empty());
  CLI::Option* ids =
      command->add_option("--prompt-ids", options->prompt_ids,
                          "Token ids to continue, separated by commas; no BOS is added");
  ids->excludes(prompt)->excludes(file);
  file->excludes(prompt);
  CLI::Option* input = command
                           ->add_option("--input", options->input_path,
                                        "Send the guest the bytes of this file (-: standard "
                                        "input) instead of a prompt, and print its "
                                        "records")
                           ->check(not_empty());
  input->excludes(prompt)->excludes(file)->excludes(ids);
  for (CLI::Option* option : command->get_options()) {
    if (option->get_group() == "Generation") option->excludes(input);
  }
  command->add_option("--model", options->model, std::string(kModelHelp) + kDefaultModelHelp)
      ->check(not_empty());
  command
      ->add_option("--guest", options->guest,
                   "Guest to run: a .wasm file, or a built-in one: llama (default), mnist, vad")
      ->check(not_empty());
  command
      ->add_option("--context", options->actor.context_rows,
                   "Tokens that the model looks back on, at most (default: what the model allows)")
      ->transform(whole_number(1, 2147483647));
  add_kv_dtype_option(*command, options->actor.kv_dtype);
  command
      ->add_option("--timeout", options->timeout_s,
                   "Seconds for the answer, at most (default: as long as it takes)")
      ->group("Generation")
      ->check(number_in("a number from 0 to 1000000000",
                        [](double x) { return x >= 0 && x <= kMostTimeoutS; }));
  add_output_options(*command, *options);
  add_device_options(*command, options->runtime, "the best one");
  command->footer(
      "Standard output is the text and nothing else. One newline at the end of a prompt that "
      "comes\n"
      "from a file or a pipe is dropped.\n\n"
      "Examples:\n"
      "  driftwood run \"It was a dark night\"\n"
      "  driftwood run --model path/to/folder \"Once upon a time\"\n"
      "  driftwood run --model path/to/folder --temperature 0 --max-tokens 50 < prompt.txt\n"
      "  driftwood run --model path/to/folder --json --top-logprobs 5 \"Hello\" | jq .logprob\n"
      "  driftwood run --guest vad --model silero_vad_16k.safetensors --input speech.wav");
  command->callback([options, prompt, ids, &chosen] {
    options->prompt_given = prompt->count() > 0;
    options->ids_given = ids->count() > 0;
    chosen = [options] { return run(*options); };
  });
}

}  // namespace driftwood::cli
