// Weights in several safetensors files, as a model.safetensors.index.json lists them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/checkpoint.h"

namespace driftwood::model {

// The index's "weight_map": the file's name by that of the weight.
using WeightMap = std::map<std::string, std::string, std::less<>>;

// Errors: corrupt for a text that is no index, or that names a file which is not a plain name in
// the index's own folder; limit for more than kMostShards files.
Result<WeightMap> read_weight_map(std::string_view json);

// Every file is mapped, once. Weights that the index does not list are not found. Threads: const
// members may be called by several threads at once.
class Shards final : public device::WeightSource {
 public:
  static constexpr std::size_t kMostShards = 1024;

  // Opens the files that `index_path` lists, beside it. Errors: those of read_weight_map and of
  // Checkpoint::open; not_found for a file that is not there; corrupt for a weight that is not in
  // its file, or in two.
  static Result<std::shared_ptr<const Shards>> open(const std::string& index_path);

  Result<tensor::View> find(std::string_view name) const override;
  std::vector<std::string> names() const override {
    std::vector<std::string> all;
    for (const auto& [name, weight] : file_of_) all.push_back(name);
    return all;
  }

  std::uint64_t weight_bytes() const;  // of all files together

 private:
  Result<void> place_weights(const WeightMap& weight_map);

  std::map<std::string, std::shared_ptr<const Checkpoint>> files_;  // by name
  std::map<std::string, const Checkpoint*, std::less<>> file_of_;   // by weight
};

}  // namespace driftwood::model
