// `driftwood run`: one prompt through a guest that speaks driftwood.generate/1, streamed, or one
// message of any bytes through any guest; or a saved conversation, gone on with.
#include <driftwood/generate.h>
#include <driftwood/runtime.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <future>

#include "cli/commands.h"
#include "cli/fail.h"
#include "cli/guest.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/model.h"
#include "cli/record_lines.h"
#include "cli/record_printer.h"
#include "cli/request_options.h"
#include "cli/resume.h"
#include "cli/saving.h"
#include "cli/spawn.h"
#include "cli/terminal.h"

namespace driftwood::cli {
namespace {

constexpr std::uint64_t kMostInputBytes = std::uint64_t{256} << 20;

struct RunOptions {
  SpawnOptions spawn;
  RequestOptions request;
  std::string input_path;
  std::string resume_path;  // empty: a new actor
  RuntimeOptions runtime;
  SaveOptions save;
  bool json = false;
  std::string trace_path;  // empty: no trace
};

int run_prompt(const Runtime& runtime, RunOptions& options) {
  auto message = make_message(options.request, options.json);
  if (!message) return report(message.error());
  if (auto can = check_can_save(options.save, message->size()); !can) return report(can.error());
  auto spawned = spawn(runtime, options.spawn);
  if (!spawned) return report(spawned.error());
  Actor& actor = spawned->actor;

  RecordPrinter printer(options.json, RecordPrinter::Protocol::generate, spawned->weight_bytes);
  actor.send(*std::move(message), options.request.timeout_ns());
  const auto status = work(actor, options.save, "reading the prompt",
                           [&](std::string_view record) { printer.take(record); });
  if (!status) return report(status.error());
  if (const auto failure = printer.failure(*status)) return report(*failure);
  const auto saved = save(actor, options.save, *status);
  if (!saved) return report(saved.error());
  printer.finish(*saved);
  tell(*saved);
  if (printer.ended_by_deadline() && !options.json) {
    say("driftwood: The time for the answer ({} s) was over.\n", *options.request.timeout_s);
  }
  return interrupted() ? kInterrupted : kSuccess;
}

int run_input(const Runtime& runtime, RunOptions& options) {
  auto message = read_input(options.input_path, kMostInputBytes);
  if (!message) return report(message.error());
  if (auto can = check_can_save(options.save, message->size()); !can) return report(can.error());
  options.spawn.may_lack_model = true;  // guests that take other input than a prompt may do without
  auto spawned = spawn(runtime, options.spawn);
  if (!spawned) return report(spawned.error());
  Actor& actor = spawned->actor;

  RecordLines printer(options.json);
  actor.send(*std::move(message), options.request.timeout_ns());
  const auto status =
      work(actor, options.save, "working", [&](std::string_view record) { printer.take(record); });
  printer.finish();
  if (!status) return report(status.error());
  if (printer.failure()) return report(*printer.failure());
  const auto saved = save(actor, options.save, *status);
  if (!saved) return report(saved.error());
  tell(*saved);
  return interrupted() ? kInterrupted : kSuccess;
}

int run_resumed(const Runtime& runtime, RunOptions& options) {
  ResumeOptions resumed{.frozen = {.path = options.resume_path,
                                   .model = options.spawn.model,
                                   .guest = options.spawn.guest,
                                   .verify = false},
                        .save = options.save,
                        .json = options.json,
                        .report = false,
                        .message = std::nullopt,
                        .timeout_ns = options.request.timeout_ns()};
  if (!options.input_path.empty()) {
    auto message = read_input(options.input_path, kMostInputBytes);
    if (!message) return report(message.error());
    resumed.message = *std::move(message);
  } else if (options.request.has_prompt()) {
    auto message = make_message(options.request, options.json);
    if (!message) return report(message.error());
    resumed.message = *std::move(message);
  }
  return resume(runtime, resumed);
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

// Of options that the parser takes one by one. Errors: invalid_argument.
Result<void> check_usage(RunOptions& options) {
  if (!options.resume_path.empty() && !options.request.has_prompt() && options.input_path.empty() &&
      options.request.has_generation()) {
    return fail(ErrorCode::invalid_argument,
                "--resume without a PROMPT goes on as the conversation was begun; options of the "
                "generation belong to a PROMPT.");
  }
  return read_request_options(options.request);
}

int run(RunOptions options) {
  if (auto checked = check_usage(options); !checked) return report_usage(checked.error().message());
  auto runtime = Runtime::create(options.runtime);
  if (!runtime) return report(runtime.error());
  TraceFile trace;
  if (!options.trace_path.empty()) {
    if (auto started = trace.start(*runtime, options.trace_path); !started) {
      return report(started.error());
    }
  }
  const auto work_on = !options.resume_path.empty() ? run_resumed
                       : options.input_path.empty() ? run_prompt
                                                    : run_input;
  const int code = work_on(*runtime, options);
  if (auto written = trace.finish(); !written) return report(written.error());
  return code;
}

void add_output_options(CLI::App& command, RunOptions& options) {
  command
      .add_flag("--json", options.json,
                "Print one JSON line for every token, then one with usage and timings")
      ->group("Output");
  command
      .add_option("--top-logprobs", options.request.request.top_logprobs,
                  "With --json: how many alternatives of each token")
      ->transform(whole_number(0, 20))
      ->needs("--json")
      ->group("Output");
  command
      .add_flag("--prompt-logprobs", options.request.request.prompt_logprobs,
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
  add_request_options(*command, options->request);
  CLI::Option* input = command
                           ->add_option("--input", options->input_path,
                                        "Send the guest the bytes of this file (-: standard "
                                        "input) instead of a prompt, and print its "
                                        "records")
                           ->check(not_empty());
  for (CLI::Option* prompt : {options->request.prompt_option, options->request.file_option,
                              options->request.ids_option}) {
    input->excludes(prompt);
  }
  for (CLI::Option* option : options->request.generation_options) {
    if (option->get_name() != "--timeout") option->excludes(input);
  }
  CLI::Option* resumed =
      command
          ->add_option("--resume", options->resume_path,
                       "Go on with the conversation saved in this file: print what follows, then "
                       "the answer to PROMPT if one is given")
          ->check(not_empty())
          ->group("Saving");
  for (CLI::Option* option : add_spawn_options(*command, options->spawn)) option->excludes(resumed);
  add_save_options(*command, options->save);
  add_output_options(*command, *options);
  add_device_options(*command, options->runtime, "the best one");
  command->footer(
      "Standard output is the text and nothing else. One newline at the end of a prompt that "
      "comes\n"
      "from a file or a pipe is dropped. A text that --save stops ends without a newline in files "
      "and\n"
      "pipes, so that its parts one after another are the whole.\n\n"
      "Examples:\n"
      "  driftwood run \"It was a dark night\"\n"
      "  driftwood run --model path/to/folder \"Once upon a time\"\n"
      "  driftwood run --model path/to/folder --temperature 0 --max-tokens 50 < prompt.txt\n"
      "  driftwood run --model path/to/folder --json --top-logprobs 5 \"Hello\" | jq .logprob\n"
      "  driftwood run --guest vad --model silero_vad_16k.safetensors --input speech.wav\n"
      "  driftwood run --save night.safetensors \"It was a dark night\"     (Ctrl-C)\n"
      "  driftwood run --resume night.safetensors --save night.safetensors");
  command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

}  // namespace driftwood::cli
