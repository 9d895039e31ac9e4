#include "device/vulkan/weights.h"

#include <bit>
#include <utility>

#include "core/arithmetic.h"
#include "core/log.h"

namespace driftwood::device::vulkan {

Result<std::shared_ptr<const PlacedWeight>> Weights::place(std::span<const std::byte> bytes) {
  std::erase_if(placed_, [](const auto& entry) { return entry.second.expired(); });
  const std::pair key(bytes.data(), bytes.size());
  if (const auto known = placed_.find(key); known != placed_.end()) return known->second.lock();
  DW_TRY_ASSIGN(auto placed, place_anew(bytes));
  placed_.emplace(key, placed);
  return placed;
}

Result<std::shared_ptr<const PlacedWeight>> Weights::place_anew(std::span<const std::byte> bytes) {
  if (gpu_.shares_host_memory() && imports_) {
    // The whole pages around the tensor: a file is mapped by pages.
    const std::uint64_t step = gpu_.physical().import_alignment;
    const auto begin = std::bit_cast<std::uintptr_t>(bytes.data());
    const std::uint64_t before = begin % step;
    const std::span<const std::byte> pages(bytes.data() - before,
                                           round_up(before + bytes.size(), step));
    auto imported = ImportedMemory::create(gpu_, pages);
    if (imported) return std::make_shared<const PlacedWeight>(*std::move(imported), before);
    if (imported.error().code() != ErrorCode::unsupported) return pass_on(imported);
    log::info("Weights are copied to the GPU: {}", imported.error().message());
    imports_ = false;
  }
  DW_TRY_ASSIGN(auto copy, device_.allocate_unfilled(bytes.size()));
  DW_TRY(device_.upload(*copy, 0, bytes, Purpose::weights));
  return std::make_shared<const PlacedWeight>(std::move(copy));
}

}  // namespace driftwood::device::vulkan
