// Weights where the GPU reads them: in the mapped checkpoint, where it computes in the host's
// memory, and otherwise a copy in its own, made once and shared by all programs.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <utility>

#include "core/error.h"
#include "device/device.h"
#include "device/vulkan/vulkan_buffer.h"

namespace driftwood::device::vulkan {

// One tensor's bytes, in place or copied.
class PlacedWeight {
 public:
  PlacedWeight(std::unique_ptr<ImportedMemory> pages, std::uint64_t offset_bytes)
      : pages_(std::move(pages)), address_(pages_->address() + offset_bytes) {}
  explicit PlacedWeight(std::unique_ptr<Buffer> copy)
      : copy_(std::move(copy)), address_(vulkan_buffer(*copy_).address()) {}

  Address address() const { return address_; }
  bool is_copy() const { return copy_ != nullptr; }

 private:
  std::unique_ptr<ImportedMemory> pages_;
  std::unique_ptr<Buffer> copy_;
  Address address_;
};

class Weights {
 public:
  Weights(const Gpu& gpu, Device& device) : gpu_(gpu), device_(device) {}

  // Where these bytes are for the GPU, for as long as anybody holds it. Errors: out_of_memory;
  // those of Device::upload.
  Result<std::shared_ptr<const PlacedWeight>> place(std::span<const std::byte> bytes);

 private:
  Result<std::shared_ptr<const PlacedWeight>> place_anew(std::span<const std::byte> bytes);

  const Gpu& gpu_;
  Device& device_;
  bool imports_ = true;  // until the driver refuses mapped files once
  std::map<std::pair<const std::byte*, std::size_t>, std::weak_ptr<const PlacedWeight>>
      placed_;  // by address and size
};

}  // namespace driftwood::device::vulkan
