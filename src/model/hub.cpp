#include "model/hub.h"

#include <algorithm>

#include "os/file.h"

namespace driftwood::model {
namespace {

constexpr std::uint64_t kMostReferenceBytes = 4096;

// "NAME" or "ORG/NAME", of the characters that the hub allows.
bool is_model_name(std::string_view name) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '/';
  };
  const std::size_t slash = name.find('/');
  return std::ranges::all_of(name, is_allowed) && !name.empty() && name.front() != '.' &&
         slash != 0 && slash != name.size() - 1 && name.find('/', slash + 1) == name.npos &&
         name.find("..") == name.npos;
}

bool is_commit(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

// The commit of the main branch. Errors: not_found; corrupt.
Result<std::string> main_commit(const std::string& path) {
  auto commit = os::read_file(path, kMostReferenceBytes);
  if (!commit) return commit;
  while (commit->ends_with('\n')) commit->pop_back();
  if (is_commit(*commit)) return commit;
  return fail(ErrorCode::corrupt, "The reference \"{}\" is not a commit.", path);
}

}  // namespace

Result<std::string> find_folder(const std::string& name, const std::string& hub_folder) {
  // What exists is left to whoever opens it, and so is what can only be a path.
  if (os::folder_exists(name) || os::file_exists(name) || !is_model_name(name)) return name;
  if (hub_folder.empty()) {
    return fail(ErrorCode::not_found, "There is no folder \"{}\".", name);
  }
  std::string entry = name;
  if (const std::size_t slash = entry.find('/'); slash != entry.npos) entry.replace(slash, 1, "--");
  const std::string cached = hub_folder + "/models--" + entry;
  if (!os::folder_exists(cached)) {
    return fail(ErrorCode::not_found,
                "There is no folder \"{}\", and no such model in the Hugging Face cache (\"{}\").",
                name, cached);
  }
  auto commit = main_commit(cached + "/refs/main");
  if (!commit) {
    return pass_on(commit, fmt::format("The model \"{}\" in the Hugging Face cache", name));
  }
  const std::string snapshot = cached + "/snapshots/" + *commit;
  if (os::folder_exists(snapshot)) return snapshot;
  return fail(ErrorCode::not_found,
              "The model \"{}\" is in the Hugging Face cache without its files: there is no folder "
              "\"{}\".",
              name, snapshot);
}

}  // namespace driftwood::model
