// The weights of a model in a safetensors file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "device/device.h"
#include "format/safetensors.h"
#include "os/mapping.h"

namespace driftwood::model {

// Views into the mapped file. Only a tensor whose bytes do not lie on a multiple of its element
// size is copied to memory that does, once, while opening; files written by the usual tools have
// none. Threads: const members may be called by several threads at once.
class Checkpoint final : public device::WeightSource {
 public:
  // Errors: those of os::MappedFile::open and format::Safetensors::parse, with the path;
  // out_of_memory.
  static Result<std::shared_ptr<const Checkpoint>> open(const std::string& path);

  Result<tensor::View> find(std::string_view name) const override;
  std::vector<std::string> names() const override {
    std::vector<std::string> all;
    for (const auto& [name, weight] : tensors_.tensors()) all.push_back(name);
    return all;
  }
  bool contains(std::string_view name) const { return tensors_.find(name) != nullptr; }

  std::uint64_t weight_bytes() const { return weight_bytes_; }
  std::uint64_t copied_bytes() const { return copied_bytes_; }

 private:
  Checkpoint(os::MappedFile file, format::Safetensors tensors)
      : file_(std::move(file)), tensors_(std::move(tensors)) {}
  Result<void> align();

  os::MappedFile file_;
  format::Safetensors tensors_;
  std::vector<std::unique_ptr<std::byte[]>> copies_;
  std::map<std::string, tensor::View, std::less<>> aligned_;  // views of copies_
  std::uint64_t weight_bytes_ = 0;
  std::uint64_t copied_bytes_ = 0;
};

}  // namespace driftwood::model
