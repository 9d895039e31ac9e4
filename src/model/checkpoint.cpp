#include "model/checkpoint.h"

#include <algorithm>
#include <cstdint>
#include <new>

#include "core/log.h"

namespace driftwood::model {
namespace {

bool is_aligned(const tensor::View& view) {
  const auto address = reinterpret_cast<std::uintptr_t>(view.bytes.data());
  return address % tensor::size_bytes(view.dtype) == 0;
}

}  // namespace

Result<std::shared_ptr<const Checkpoint>> Checkpoint::open(const std::string& path) {
  const std::string context = fmt::format("While opening \"{}\"", path);
  auto file = os::MappedFile::open(path);
  if (!file) return pass_on(file, context);
  auto tensors = format::Safetensors::parse(file->bytes());
  if (!tensors) return pass_on(tensors, context);

  std::shared_ptr<Checkpoint> checkpoint(new Checkpoint(*std::move(file), *std::move(tensors)));
  if (const auto aligned = checkpoint->align(); !aligned) return pass_on(aligned, context);
  if (checkpoint->copied_bytes_ > 0) {
    log::warning("\"{}\" has tensors that are not aligned to their elements: {} ({} bytes) copied.",
                 path, checkpoint->copies_.size(), checkpoint->copied_bytes_);
  }
  return checkpoint;
}

Result<void> Checkpoint::align() {
  for (const auto& [name, view] : tensors_.tensors()) {
    weight_bytes_ += view.bytes.size();
    if (is_aligned(view)) continue;
    std::unique_ptr<std::byte[]> copy(new (std::nothrow) std::byte[view.bytes.size()]);
    if (!copy) {
      return fail(ErrorCode::out_of_memory,
                  "A tensor of {} bytes is not aligned and cannot be copied.", view.bytes.size());
    }
    std::ranges::copy(view.bytes, copy.get());
    const std::span<const std::byte> bytes(copy.get(), view.bytes.size());
    aligned_.emplace(name, tensor::View{view.dtype, view.shape, bytes});
    copied_bytes_ += bytes.size();
    copies_.push_back(std::move(copy));
  }
  return {};
}

Result<tensor::View> Checkpoint::find(std::string_view name) const {
  if (const auto copy = aligned_.find(name); copy != aligned_.end()) return copy->second;
  if (const tensor::View* view = tensors_.find(name)) return *view;
  return fail(ErrorCode::not_found, "The checkpoint has no tensor \"{}\".", name.substr(0, 200));
}

}  // namespace driftwood::model
