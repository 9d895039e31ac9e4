#include "cli/model.h"

#include <driftwood/model.h>
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/terminal.h"

namespace driftwood::cli {

Result<std::string> find_model(const std::string& name) {
  if (name.empty()) {
    auto folder = find_default_model_folder();
    if (folder) return folder;
    return std::unexpected(
        Error(folder.error().code(), folder.error().message() + " Name a model with --model."));
  }
  std::string hub_folder = folder_from("HF_HUB_CACHE", "");
  if (hub_folder.empty()) hub_folder = folder_from("HF_HOME", "/hub");
  if (hub_folder.empty()) hub_folder = folder_from("XDG_CACHE_HOME", "/huggingface/hub");
  if (hub_folder.empty()) hub_folder = folder_from("HOME", "/.cache/huggingface/hub");
  return find_model_folder(name, hub_folder);
}

Result<Model> open_model(const Runtime& runtime, const std::string& name) {
  const auto folder = find_model(name);
  if (!folder) return std::unexpected(folder.error());
  show_progress(fmt::format("opening {}", *folder));
  return runtime.open_model(*folder);
}

}  // namespace driftwood::cli
