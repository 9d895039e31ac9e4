// What a text guest is asked for, as options of a command.
#pragma once

#include <driftwood/generate.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace driftwood::cli {

struct RequestOptions {
  std::string prompt;
  std::string prompt_path;
  std::string prompt_ids;
  std::vector<std::string> logit_bias;
  std::optional<double> timeout_s;
  GenerateRequest request;
  // As the parser has them, which lives on while the command runs.
  CLI::Option* prompt_option = nullptr;
  CLI::Option* file_option = nullptr;
  CLI::Option* ids_option = nullptr;
  std::vector<CLI::Option*> generation_options;

  bool has_prompt() const;      // as an argument, a file or ids
  bool has_generation() const;  // any option of how to go on with a prompt
  std::optional<std::uint64_t> timeout_ns() const;
};

// Adds PROMPT and all that goes with it.
void add_request_options(CLI::App& command, RequestOptions& options);

// Reads those options that are texts with parts. Errors: invalid_argument; it is wrong usage.
Result<void> read_request_options(RequestOptions& options);

// The message that asks for it: the prompt from the argument, --prompt-file or standard input, in
// this order, unless ids are given. Files and pipes end with a newline that nobody means; one is
// dropped. Errors: those of read_input and GenerateRequest::to_json.
Result<std::string> make_message(RequestOptions& options, bool reports_tokens);

}  // namespace driftwood::cli
