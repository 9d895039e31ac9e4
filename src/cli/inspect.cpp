#include <driftwood/inspect.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/terminal.h"

namespace driftwood::cli {
namespace {

struct InspectOptions {
  std::string path;
  bool json = false;
};

void print_json(const FileInfo& info) {
  nlohmann::ordered_json out;
  out["format"] = "safetensors";
  out["file_bytes"] = info.file_bytes;
  out["header_bytes"] = info.header_bytes;
  out["metadata"] = info.metadata;
  out["tensors"] = nlohmann::ordered_json::array();
  for (const auto& tensor : info.tensors) {
    out["tensors"].push_back({{"name", tensor.name},
                              {"dtype", tensor.dtype},
                              {"shape", tensor.shape},
                              {"bytes", tensor.size_bytes}});
  }
  fmt::print("{}\n", out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

void print_table(const FileInfo& info) {
  std::size_t width = 4;
  for (const auto& tensor : info.tensors) width = std::max(width, printable(tensor.name).size());
  std::uint64_t data_bytes = 0;
  for (const auto& tensor : info.tensors) {
    data_bytes += tensor.size_bytes;
    fmt::print("{:<{}}  {:<7} {:<16} {:>14}\n", printable(tensor.name), width, tensor.dtype,
               fmt::format("[{}]", fmt::join(tensor.shape, ", ")), tensor.size_bytes);
  }
  for (const auto& [key, value] : info.metadata)
    fmt::print("metadata  {} = {}\n", printable(key), printable(value));
  fmt::print("safetensors, {} tensors, {} bytes of data, {} bytes in all\n", info.tensors.size(),
             data_bytes, info.file_bytes);
}

int inspect(const InspectOptions& options) {
  const auto info = inspect_safetensors(options.path);
  if (!info) return report(info.error());
  if (options.json) {
    print_json(*info);
  } else {
    print_table(*info);
  }
  return kSuccess;
}

}  // namespace

void add_inspect(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App* command =
      app.add_subcommand("inspect", "Say what is in a safetensors file, and whether it is valid");
  command->add_option("FILE", options->path, "The file")->required()->check(not_empty());
  command->add_flag("--json", options->json, "Print one JSON object");
  command->footer(
      "Exits with 0 only if the file keeps every rule of the format.\n\n"
      "Examples:\n"
      "  driftwood inspect model.safetensors\n"
      "  driftwood inspect --json model.safetensors | jq .tensors[0]");
  command->callback([options, &chosen] { chosen = [options] { return inspect(*options); }; });
}

}  // namespace driftwood::cli
