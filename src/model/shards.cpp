#include "model/shards.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "os/file.h"

namespace driftwood::model {
namespace {

constexpr std::uint64_t kMostIndexBytes = 64 << 20;
constexpr std::string_view kWeightMap = "weight_map";

bool is_plain_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\\\0", 3)) == std::string_view::npos;
}

}  // namespace

Result<WeightMap> read_weight_map(std::string_view text) {
  using nlohmann::json;
  // Keeps what belongs to the map only, so that a hostile depth costs nothing.
  const auto keep = [](int depth, json::parse_event_t, json&) { return depth <= 2; };
  const json index = json::parse(text, keep, false);
  const auto map = index.is_object() ? index.find(kWeightMap) : index.end();
  if (!index.is_object() || map == index.end() || !map->is_object()) {
    return fail(ErrorCode::corrupt, "The text is not a JSON object with an object \"{}\".",
                kWeightMap);
  }
  WeightMap weight_map;
  std::set<std::string_view> files;
  for (const auto& [weight, file] : map->items()) {
    if (!file.is_string() || !is_plain_name(file.get_ref<const std::string&>())) {
      return fail(ErrorCode::corrupt,
                  "The file of weight \"{}\" is not a name of a file in the same folder.",
                  weight.substr(0, 200));
    }
    files.insert(weight_map.emplace(weight, file.get<std::string>()).first->second);
  }
  if (files.size() > Shards::kMostShards) {
    return fail(ErrorCode::limit, "The weights are in {} files; the limit is {}.", files.size(),
                Shards::kMostShards);
  }
  return weight_map;
}

Result<std::shared_ptr<const Shards>> Shards::open(const std::string& index_path) {
  const std::string context = fmt::format("While opening \"{}\"", index_path);
  const auto text = os::read_file(index_path, kMostIndexBytes);
  if (!text) return pass_on(text, context);
  const auto weight_map = read_weight_map(*text);
  if (!weight_map) return pass_on(weight_map, context);

  const std::string folder = index_path.substr(0, index_path.rfind('/') + 1);
  std::shared_ptr<Shards> shards(new Shards());
  for (const auto& [weight, file] : *weight_map) {
    if (shards->files_.contains(file)) continue;
    if (!os::file_exists(folder + file)) {
      return fail(ErrorCode::not_found,
                  "{}: The file \"{}\", which has the weight \"{}\", is not in the same folder.",
                  context, file, weight);
    }
    DW_TRY_ASSIGN(shards->files_[file], Checkpoint::open(folder + file));
  }
  if (const auto placed = shards->place_weights(*weight_map); !placed) {
    return pass_on(placed, context);
  }
  return shards;
}

Result<void> Shards::place_weights(const WeightMap& weight_map) {
  for (const auto& [weight, listed] : weight_map) {
    for (const auto& [name, file] : files_) {
      const bool is_there = file->contains(weight);
      if (is_there == (name == listed)) continue;
      return fail(ErrorCode::corrupt, "The weight \"{}\" is listed for the file \"{}\", but is {}.",
                  weight, listed, is_there ? fmt::format("in \"{}\", too", name) : "not in it");
    }
    file_of_.emplace(weight, files_.at(listed).get());
  }
  return {};
}

Result<tensor::View> Shards::find(std::string_view name) const {
  if (const auto found = file_of_.find(name); found != file_of_.end()) {
    return found->second->find(name);
  }
  return fail(ErrorCode::not_found, "The checkpoint has no tensor \"{}\".", name.substr(0, 200));
}

std::uint64_t Shards::weight_bytes() const {
  return std::accumulate(
      files_.begin(), files_.end(), std::uint64_t{0},
      [](std::uint64_t sum, const auto& file) { return sum + file.second->weight_bytes(); });
}

}  // namespace driftwood::model
