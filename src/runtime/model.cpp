#include "model/model.h"

#include <driftwood/model.h>
#include <driftwood/runtime.h>

#include "core/error.h"
#include "model/default_model.h"
#include "model/hub.h"
#include "os/process.h"
#include "runtime/handles.h"

namespace driftwood {

const std::string& Model::name() const {
  return impl_->name;
}
std::uint64_t Model::weight_bytes() const {
  return impl_->weight_bytes;
}
bool Model::has_tokenizer() const {
  return impl_->tokenizer != nullptr;
}
ModelFingerprint Model::fingerprint() const {
  const model::Fingerprint& own = impl_->fingerprint();
  return {.config = own.config, .weights = own.weights, .tokenizer = own.tokenizer};
}
Result<std::vector<std::int32_t>> Model::encode(std::string_view text, bool add_special) const {
  if (!has_tokenizer()) {
    return fail(ErrorCode::not_found, "The model \"{}\" has no tokenizer.json.", name());
  }
  return impl_->tokenizer->encode(text, add_special);
}

Result<std::string> find_model_folder(const std::string& name, const std::string& hub_folder) {
  return model::find_folder(name, hub_folder);
}

Result<std::string> find_default_model_folder() {
  DW_TRY_ASSIGN(const std::string folder, os::program_folder());
  return model::find_default_folder(folder);
}

GuestModule::GuestModule(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
GuestModule::~GuestModule() = default;
GuestModule::GuestModule(const GuestModule&) = default;
GuestModule& GuestModule::operator=(const GuestModule&) = default;

}  // namespace driftwood
