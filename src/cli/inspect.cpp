#include <driftwood/frozen.h>
#include <driftwood/inspect.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.h"
#include "cli/terminal.h"

namespace driftwood::cli {
namespace {

struct InspectOptions {
  std::string path;
  bool json = false;
};

constexpr const char* kDescription = "actor";  // of the metadata: long, and shown in parts

bool is_frozen(const FileInfo& info) {
  const auto format = info.metadata.find("format");
  return format != info.metadata.end() && format->second == "driftwood.frozen_actor";
}

nlohmann::ordered_json to_json(const FrozenInfo& actor) {
  nlohmann::ordered_json out;
  out["guest_sha256"] = actor.guest_sha256;
  out["thin"] = actor.is_thin;
  out["model"] = nullptr;
  if (actor.model) {
    out["model"] = {{"config", actor.model->config},
                    {"weights", actor.model->weights},
                    {"tokenizer", actor.model->tokenizer}};
  }
  out["numerics"] = actor.numerics;
  out["next"] = actor.next;
  out["memory_bytes"] = actor.memory_bytes;
  out["touched_bytes"] = actor.touched_bytes;
  out["rows"] = actor.state_rows;
  out["waiting_messages"] = actor.waiting_messages;
  out["waiting_records"] = actor.waiting_records;
  out["description"] = nlohmann::ordered_json::parse(actor.description, nullptr, false);
  return out;
}

void print_actor(const FrozenInfo& actor) {
  fmt::print("frozen actor\n");
  fmt::print("  guest     {}{}\n", printable(actor.guest_sha256),
             actor.is_thin ? ", not in the file" : "");
  if (actor.model) {
    fmt::print("  model     weights {}\n            config {}\n            tokenizer {}\n",
               printable(actor.model->weights), printable(actor.model->config),
               actor.model->tokenizer.empty() ? "none" : printable(actor.model->tokenizer));
  } else {
    fmt::print("  model     none\n");
  }
  fmt::print("  numerics  {}\n", printable(actor.numerics));
  fmt::print("  next      {}\n", actor.next);
  fmt::print("  rows      {} of states: tokens, of a conversation\n", actor.state_rows);
  fmt::print("  memory    {} bytes, {} of them touched\n", actor.memory_bytes, actor.touched_bytes);
  fmt::print("  waiting   {} messages, {} records\n", actor.waiting_messages,
             actor.waiting_records);
}

void print_json(const FileInfo& info, const std::optional<FrozenInfo>& actor) {
  nlohmann::ordered_json out;
  out["format"] = "safetensors";
  out["file_bytes"] = info.file_bytes;
  out["header_bytes"] = info.header_bytes;
  out["metadata"] = info.metadata;
  if (actor) {
    out["metadata"].erase(kDescription);
    out["frozen_actor"] = to_json(*actor);
  }
  out["tensors"] = nlohmann::ordered_json::array();
  for (const auto& tensor : info.tensors) {
    out["tensors"].push_back({{"name", tensor.name},
                              {"dtype", tensor.dtype},
                              {"shape", tensor.shape},
                              {"bytes", tensor.size_bytes}});
  }
  fmt::print("{}\n", out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

void print_table(const FileInfo& info, const std::optional<FrozenInfo>& actor) {
  std::size_t width = 4;
  for (const auto& tensor : info.tensors) width = std::max(width, printable(tensor.name).size());
  std::uint64_t data_bytes = 0;
  for (const auto& tensor : info.tensors) {
    data_bytes += tensor.size_bytes;
    fmt::print("{:<{}}  {:<7} {:<16} {:>14}\n", printable(tensor.name), width, tensor.dtype,
               fmt::format("[{}]", fmt::join(tensor.shape, ", ")), tensor.size_bytes);
  }
  for (const auto& [key, value] : info.metadata) {
    if (actor && key == kDescription) continue;
    fmt::print("metadata  {} = {}\n", printable(key), printable(value));
  }
  if (actor) print_actor(*actor);
  fmt::print("safetensors, {} tensors, {} bytes of data, {} bytes in all\n", info.tensors.size(),
             data_bytes, info.file_bytes);
}

int inspect(const InspectOptions& options) {
  const auto info = inspect_safetensors(options.path);
  if (!info) return report(info.error());
  std::optional<FrozenInfo> actor;
  if (is_frozen(*info)) {
    auto inspected = inspect_frozen(options.path);
    if (!inspected) return report(inspected.error());
    actor = *std::move(inspected);
  }
  if (options.json) {
    print_json(*info, actor);
  } else {
    print_table(*info, actor);
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
      "Exits with 0 only if the file keeps every rule of the format. Of a frozen actor it says "
      "more;\n"
      "\"driftwood verify\" checks all of one.\n\n"
      "Examples:\n"
      "  driftwood inspect model.safetensors\n"
      "  driftwood inspect --json model.safetensors | jq .tensors[0]\n"
      "  driftwood inspect night.safetensors");
  command->callback([options, &chosen] { chosen = [options] { return inspect(*options); }; });
}

}  // namespace driftwood::cli
