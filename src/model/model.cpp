#include "model/model.h"

#include <utility>

#include "model/checkpoint.h"
#include "model/config.h"
#include "model/shards.h"
#include "os/file.h"
#include "os/mapping.h"

namespace driftwood::model {
namespace {

constexpr std::uint64_t kMostConfigBytes = 4 << 20;
constexpr std::uint64_t kMostTokenizerBytes = 256 << 20;

std::string context_of(const std::string& path) {
  return fmt::format("While opening \"{}\"", path);
}

struct Config {
  std::string text;
  ConfigFacts facts;
};

Result<Config> open_config(const std::string& path) {
  auto text = os::read_file(path, kMostConfigBytes);
  if (!text) return pass_on(text, context_of(path));
  const auto facts = read_config(*text);
  if (!facts) return pass_on(facts, context_of(path));
  return Config{*std::move(text), *facts};
}

Result<void> check_folder(const std::string& path) {
  if (os::folder_exists(path)) return {};
  if (os::file_exists(path)) {
    return fail(
        ErrorCode::invalid_argument,
        "\"{}\" is a file: give the folder that holds config.json and model.safetensors, or "
        "a bare .safetensors file.",
        path);
  }
  return fail(ErrorCode::not_found,
              "There is no folder \"{}\": give one that holds config.json and model.safetensors.",
              path);
}

// One file, or several with an index where there is no such file.
Result<void> open_weights(const std::string& folder, Model& model) {
  const std::string path = folder + "/model.safetensors";
  const std::string index_path = path + ".index.json";
  if (os::file_exists(path)) {
    DW_TRY_ASSIGN(const auto weights, Checkpoint::open(path));
    model.weight_bytes = weights->weight_bytes();
    model.weights = weights;
  } else if (os::file_exists(index_path)) {
    DW_TRY_ASSIGN(const auto weights, Shards::open(index_path));
    model.weight_bytes = weights->weight_bytes();
    model.weights = weights;
  } else {
    return fail(ErrorCode::not_found,
                "There is neither model.safetensors nor model.safetensors.index.json in \"{}\": "
                "weights are read in this format only.",
                folder);
  }
  return {};
}

Result<void> open_tokenizer(const std::string& path, const ConfigFacts& config, Model& model) {
  // Mapped, since reading 17 MB copies them several times.
  auto file = os::MappedFile::open(path);
  if (!file) return pass_on(file, context_of(path));
  const auto bytes = file->bytes();
  if (bytes.size() > kMostTokenizerBytes) {
    return fail(ErrorCode::limit, "File \"{}\" is longer than the limit ({} bytes).", path,
                kMostTokenizerBytes);
  }
  // Any object may be looked at as chars.
  auto tokenizer =
      Tokenizer::from_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!tokenizer) return pass_on(tokenizer, context_of(path));
  const std::uint32_t size = (*tokenizer)->vocabulary_size();
  if (config.vocab_size && size > *config.vocab_size) {
    return fail(ErrorCode::corrupt,
                "The tokenizer \"{}\" does not fit the model: it has {} ids, more than the "
                "vocab_size ({}) in "
                "config.json.",
                path, size, *config.vocab_size);
  }
  model.tokenizer = *std::move(tokenizer);
  model.tokenizer_file = *std::move(file);
  return {};
}

}  // namespace

const Fingerprint& Model::fingerprint() const {
  std::call_once(fingerprint_once_, [this] {
    fingerprint_ = {.config = digest_of_settings(config_json, generation_config_json),
                    .weights = digest_of(*weights),
                    .tokenizer = tokenizer_file ? digest_of(tokenizer_file->bytes()) : ""};
  });
  return fingerprint_;
}

Result<std::shared_ptr<const Model>> open_folder(const std::string& path) {
  DW_TRY(check_folder(path));
  const std::string config_path = path + "/config.json";
  if (!os::file_exists(config_path)) {
    return fail(
        ErrorCode::not_found,
        "There is no config.json in \"{}\": give a model's folder as downloaded from Hugging Face.",
        path);
  }
  auto model = std::make_shared<Model>();
  model->name = path;
  DW_TRY_ASSIGN(Config config, open_config(config_path));
  model->config_json = std::move(config.text);

  model->generation_config_json = "{}";
  const std::string generation_path = path + "/generation_config.json";
  if (os::file_exists(generation_path)) {
    DW_TRY_ASSIGN(Config generation, open_config(generation_path));
    model->generation_config_json = std::move(generation.text);
  }

  const std::string tokenizer_path = path + "/tokenizer.json";
  if (os::file_exists(tokenizer_path)) {
    DW_TRY(open_tokenizer(tokenizer_path, config.facts, *model));
  }

  DW_TRY(open_weights(path, *model));
  return model;
}

Result<std::shared_ptr<const Model>> open_model(const std::string& path) {
  if (!path.ends_with(".safetensors") || !os::file_exists(path)) return open_folder(path);
  DW_TRY_ASSIGN(const auto weights, Checkpoint::open(path));
  auto model = std::make_shared<Model>();
  model->name = path;
  model->config_json = "{}";
  model->generation_config_json = "{}";
  model->weight_bytes = weights->weight_bytes();
  model->weights = weights;
  return model;
}

}  // namespace driftwood::model
