#include "model/model.h"

#include <driftwood/model.h>
#include <driftwood/runtime.h>

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

GuestModule::GuestModule(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
GuestModule::~GuestModule() = default;
GuestModule::GuestModule(const GuestModule&) = default;
GuestModule& GuestModule::operator=(const GuestModule&) = default;

}  // namespace driftwood
