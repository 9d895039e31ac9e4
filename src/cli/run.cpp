// `driftwood run`: one prompt through a guest that speaks driftwood.generate/1, streamed.
#include <driftwood/runtime.h>
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

#include "cli/commands.h"
#include "cli/generate_request.h"
#include "cli/interrupt.h"
#include "cli/record_printer.h"
#include "cli/terminal.h"

namespace driftwood::cli {
namespace {

struct RunOptions {
  std::string model_folder;
  std::string guest_path;
  std::string prompt;
  std::string prompt_path;
  bool prompt_given = false;
  RuntimeOptions runtime;
  ActorOptions actor;
  GenerateRequest request;
  bool json = false;
};

Result<std::string> read_all(std::istream& stream, const std::string& what) {
  std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  if (stream.bad())
    return std::unexpected(Error(ErrorCode::io, fmt::format("{} cannot be read.", what)));
  return bytes;
}

Result<std::string> read_path(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return std::unexpected(
        Error(ErrorCode::not_found, fmt::format("There is no readable file \"{}\".", path)));
  }
  return read_all(file, fmt::format("\"{}\"", path));
}

// The prompt from the argument, --prompt-file or standard input, in this order.
Result<std::string> find_prompt(const RunOptions& options) {
  if (options.prompt_given) return options.prompt;
  if (!options.prompt_path.empty()) return read_path(options.prompt_path);
  if (input_is_terminal()) fmt::print(stderr, "Type the prompt, then Ctrl-D.\n");
  return read_all(std::cin, "Standard input");
}

Result<GuestModule> find_guest(const Runtime& runtime, const std::string& path) {
  if (path.empty()) return runtime.builtin_guest("llama");
  auto bytes = read_path(path);
  if (!bytes) return std::unexpected(bytes.error());
  auto module = runtime.compile_guest(std::as_bytes(std::span(*bytes)));
  if (!module)
    return std::unexpected(module.error().with_context(fmt::format("Guest \"{}\"", path)));
  return module;
}

Result<Actor> make_actor(const Runtime& runtime, const RunOptions& options,
                         std::uint64_t& weight_bytes) {
  auto guest = find_guest(runtime, options.guest_path);
  if (!guest) return std::unexpected(guest.error());
  std::optional<Model> model;
  if (!options.model_folder.empty()) {
    show_progress(fmt::format("opening {}", options.model_folder));
    auto opened = runtime.open_model(options.model_folder);
    if (!opened) return std::unexpected(opened.error());
    weight_bytes = opened->weight_bytes();
    model = *std::move(opened);
  }
  return runtime.spawn(*guest, model, options.actor);
}

int run(RunOptions options) {
  if (options.model_folder.empty() && options.guest_path.empty()) {
    fmt::print(stderr,
               "driftwood: No model is given. Name a Hugging Face folder: driftwood run --model "
               "DIR ...\n");
    return kUsage;
  }
  if (!options.request.prompt_ids) {
    auto prompt = find_prompt(options);
    if (!prompt) return report(prompt.error());
    options.request.prompt = *std::move(prompt);
  }
  options.request.tokens = options.json;
  const auto message = options.request.to_json();
  if (!message) return report(message.error());

  const auto runtime = Runtime::create(options.runtime);
  if (!runtime) return report(runtime.error());
  std::uint64_t weight_bytes = 0;
  auto actor = make_actor(*runtime, options, weight_bytes);
  clear_progress();
  if (!actor) return report(actor.error());

  RecordPrinter printer(options.json);
  actor->send(*message);
  Result<ActorStatus> status = [&] {
    const CancelOnInterrupt guard(*actor);
    show_progress("reading the prompt");
    return actor->run([&](std::string_view record) {
      clear_progress();
      printer.take(record);
    });
  }();
  if (!status) return report(status.error());
  if (const auto failure = printer.failure()) return report(*failure);
  printer.finish(weight_bytes);
  return interrupted() ? kInterrupted : kSuccess;
}

void add_sampling_options(CLI::App& command, GenerateRequest& request) {
  command.add_option("--max-tokens", request.max_tokens,
                     "New tokens at most (default: until the context is full)");
  command.add_option("--temperature", request.temperature, "Sampling temperature; 0 is greedy")
      ->check(CLI::Range(0.0, 100.0));
  command.add_option("--top-k", request.top_k, "Sample among the K most probable tokens; 0: all");
  command
      .add_option("--top-p", request.top_p, "Sample among the most probable tokens of this mass")
      ->check(CLI::Range(0.0, 1.0));
  command
      .add_option("--seed", request.seed,
                  "Seed of the sampler (default: chosen, and shown at the end)")
      ->check(CLI::Range(std::uint64_t{0}, GenerateRequest::kMostSeed));
  command.add_flag("--ignore-eos", request.ignore_eos, "Go on after an end-of-sequence token");
  command
      .add_option("--prefill-piece", request.prefill_piece,
                  "Prompt rows that are worked on at once, at most (default: 512)")
      ->check(CLI::Range(1u, 512u));
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
      ->check(CLI::Range(0u, 20u))
      ->needs("--json")
      ->group("Output");
  command
      .add_flag("--prompt-logprobs", options.request.prompt_logprobs,
                "With --json: the prompt's positions first, marked \"prompt\": true")
      ->needs("--json")
      ->group("Output");
}

}  // namespace

void add_run(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command =
      app.add_subcommand("run", "Continue a prompt with a model, streaming the text");
  add_sampling_options(*command, options->request);

  CLI::Option* prompt = command->add_option("PROMPT", options->prompt,
                                            "The text to continue (default: standard input)");
  CLI::Option* file =
      command->add_option("--prompt-file", options->prompt_path, "Read the prompt from a file");
  CLI::Option* ids =
      command->add_option("--prompt-ids", options->request.prompt_ids,
                          "Token ids to continue, separated by commas; no BOS is added");
  ids->delimiter(',')->excludes(prompt)->excludes(file);
  file->excludes(prompt);
  command->add_option("--model", options->model_folder,
                      "Hugging Face folder: config.json, model.safetensors, tokenizer.json");
  command->add_option("--guest", options->guest_path,
                      "WebAssembly guest to run instead of the built-in one");
  command
      ->add_option("--context", options->actor.context_rows,
                   "Tokens that the model looks back on, at most (default: what the model allows)")
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--kv-dtype", options->actor.kv_dtype,
                   "KV cache: f32, bf16, f16 (default: f32 with f32 weights, otherwise bf16)")
      ->check(CLI::IsMember({"f32", "bf16", "f16"}));
  add_output_options(*command, *options);
  add_device_options(*command, options->runtime, "the best one");
  command->footer(
      "Standard output is the text and nothing else.\n\n"
      "Examples:\n"
      "  driftwood run --model path/to/folder \"Once upon a time\"\n"
      "  driftwood run --model path/to/folder --temperature 0 --max-tokens 50 < prompt.txt\n"
      "  driftwood run --model path/to/folder --json --top-logprobs 5 \"Hello\" | jq .logprob");
  command->callback([options, prompt, &chosen] {
    options->prompt_given = prompt->count() > 0;
    chosen = [options] { return run(*options); };
  });
}

}  // namespace driftwood::cli
