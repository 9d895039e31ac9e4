// `driftwood diff`: what two frozen actors have not in common.
#include <driftwood/frozen.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/terminal.h"

namespace driftwood::cli {
namespace {

struct DiffCommand {
  std::string first, second;
  bool json = false;
};

void print_json(const FrozenDiff& diff) {
  nlohmann::ordered_json out = {{"equal", diff.is_equal()}, {"tokens", diff.tokens},
                                {"globals", diff.globals},  {"pages", diff.pages},
                                {"rows", diff.rows},        {"other", diff.other}};
  out["differences"] = nlohmann::ordered_json::array();
  for (const FrozenDifference& one : diff.differences) {
    out["differences"].push_back(
        {{"what", one.what}, {"first", one.first}, {"second", one.second}});
  }
  fmt::print("{}\n", out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

void print_table(const FrozenDiff& diff) {
  for (const FrozenDifference& one : diff.differences) {
    fmt::print("{}: {} | {}\n", printable(one.what), printable(one.first), printable(one.second));
  }
  fmt::print(
      "{} tokens, {} globals, {} pages of memory, {} rows of states and {} other things differ\n",
      diff.tokens, diff.globals, diff.pages, diff.rows, diff.other);
}

int diff(const DiffCommand& options) {
  const auto found = diff_frozen(options.first, options.second);
  if (!found) return report(found.error());
  if (options.json) {
    print_json(*found);
  } else if (!found->is_equal()) {
    print_table(*found);
  }
  return found->is_equal() ? kSuccess : kFailure;
}

}  // namespace

void add_diff(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<DiffCommand>();
  CLI::App* command = app.add_subcommand("diff", "Compare two frozen actors");
  command->add_option("A", options->first, "The first file")->required()->check(not_empty());
  command->add_option("B", options->second, "The second file")->required()->check(not_empty());
  command->add_flag("--json", options->json, "Print one JSON object");
  command->footer(
      "Prints the first few tokens, globals, pages of memory, rows of states and other things that "
      "differ,\n"
      "the value of A first, and how many there are; nothing if there are none. What the clock "
      "says is not\n"
      "compared. Exits with 0 if they are equal and with 1 if they differ or cannot be read, with "
      "a message\n"
      "on standard error then.\n\n"
      "Examples:\n"
      "  driftwood diff one.safetensors two.safetensors\n"
      "  driftwood diff --json one.safetensors two.safetensors | jq .rows");
  command->callback([options, &chosen] { chosen = [options] { return diff(*options); }; });
}

}  // namespace driftwood::cli
