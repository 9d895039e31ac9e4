// An open model: mapped weights, configuration, tokenizer.
#pragma once

#include <driftwood/result.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace driftwood {

namespace model {
struct Model;
}

// SHA-256 digests in hexadecimal, by which a thaw tells one model from another.
struct ModelFingerprint {
  std::string config;  // of config.json and generation_config.json
  std::string weights;
  std::string tokenizer;  // empty for a model without one

  bool operator==(const ModelFingerprint&) const = default;
};

// Lifetime: a shared handle; the mapped files stay open until the last handle and the last actor
// are gone. Threads: immutable, free.
class Model {
 public:
  explicit Model(std::shared_ptr<const model::Model> impl) : impl_(std::move(impl)) {}

  const std::string& name() const;     // the folder or file it was opened from
  std::uint64_t weight_bytes() const;  // of all weights together
  bool has_tokenizer() const;
  ModelFingerprint fingerprint() const;

  // The token ids of a text in UTF-8; with `add_special` the tokenizer's post-processor runs, which
  // usually puts a BOS in front. Errors: not_found without a tokenizer; invalid_argument when the
  // text is not UTF-8, with the byte that breaks it.
  Result<std::vector<std::int32_t>> encode(std::string_view text, bool add_special) const;

  const std::shared_ptr<const model::Model>& impl() const { return impl_; }

 private:
  std::shared_ptr<const model::Model> impl_;
};

// The folder of a model: `name` itself where there is such a folder or file, otherwise, for
// "ORG/NAME" or "NAME", the snapshot of its main branch in the Hugging Face cache `hub_folder`
// (usually ~/.cache/huggingface/hub; may be empty). What can only be a path is given back.
// Errors: not_found, saying where it was looked for; corrupt for a broken cache.
Result<std::string> find_model_folder(const std::string& name, const std::string& hub_folder);

// The folder of the small model that comes with Driftwood: models/default beside this program, or
// share/driftwood/models/default of the folder that it is installed in.
// Errors: not_found, saying where it was looked for.
Result<std::string> find_default_model_folder();

}  // namespace driftwood
