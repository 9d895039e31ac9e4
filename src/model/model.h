// A model as guests see it: weights by name, the texts of its configuration, and a tokenizer.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/error.h"
#include "device/device.h"
#include "model/fingerprint.h"
#include "model/tokenizer.h"
#include "os/mapping.h"

namespace driftwood::model {

// Immutable; shared by all guests that use it. Weights are views into mapped files, so nothing is
// copied.
struct Model {
  std::string name;                    // for messages: the folder or file, or "seeded"
  std::string config_json;             // config.json; a JSON object; "{}" if there is none
  std::string generation_config_json;  // "{}" if there is none
  std::shared_ptr<const device::WeightSource> weights;
  std::unique_ptr<const Tokenizer> tokenizer;  // null if there is none
  std::optional<os::MappedFile> tokenizer_file;  // that it was read from
  std::uint64_t weight_bytes = 0;

  // What tells it from other models; made when it is asked for first. Threads: any.
  const Fingerprint& fingerprint() const;

 private:
  mutable std::once_flag fingerprint_once_;
  mutable Fingerprint fingerprint_;
};

// Opens a Hugging Face folder: config.json, model.safetensors or the files that
// model.safetensors.index.json lists, and, where they are there, generation_config.json and
// tokenizer.json. The weights are mapped, not read.
// Errors: not_found with the missing file; corrupt with the file and what is wrong with it.
Result<std::shared_ptr<const Model>> open_folder(const std::string& path);

// Opens what `path` names: a bare FILE.safetensors, for guests that need no more than weights, or a
// folder. A bare file's config.json reads as "{}", and it has no tokenizer.
// Errors: as open_folder; invalid_argument for a file of another name.
Result<std::shared_ptr<const Model>> open_model(const std::string& path);

// A small random model of the Llama family made in memory from a seed, with no tokenizer: 4 layers,
// 256 wide, 4 heads over 2 key heads, vocabulary 4,096, f32. For measuring a machine without a
// checkpoint.
std::shared_ptr<const Model> make_seeded_llama(std::uint64_t seed);

}  // namespace driftwood::model
