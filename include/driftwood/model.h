// An open model: mapped weights, configuration, tokenizer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace driftwood {

namespace model {
struct Model;
}

// Lifetime: a shared handle; the mapped files stay open until the last handle and the last actor
// are gone. Threads: immutable, free.
class Model {
 public:
  explicit Model(std::shared_ptr<const model::Model> impl) : impl_(std::move(impl)) {}

  const std::string& name() const;     // the folder it was opened from
  std::uint64_t weight_bytes() const;  // of all weights together
  bool has_tokenizer() const;

  const std::shared_ptr<const model::Model>& impl() const { return impl_; }

 private:
  std::shared_ptr<const model::Model> impl_;
};

}  // namespace driftwood
