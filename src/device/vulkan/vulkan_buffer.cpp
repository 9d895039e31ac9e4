#include "device/vulkan/vulkan_buffer.h"

#include <bit>
#include <utility>

#include "device/vulkan/outcome.h"

namespace driftwood::device::vulkan {
namespace {

constexpr auto kHostPages = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT;

class OwnBuffer final : public VulkanBuffer {
 public:
  OwnBuffer(Heap::Piece piece, std::uint64_t size_bytes)
      : VulkanBuffer(size_bytes, memory::Access::read_write, piece.contents(), piece.buffer(),
                     piece.offset_bytes(), piece.address()),
        piece_(std::move(piece)) {}

 private:
  Heap::Piece piece_;
};

class WindowBuffer final : public VulkanBuffer {
 public:
  WindowBuffer(memory::Import window, std::unique_ptr<ImportedMemory> memory)
      : VulkanBuffer(window.size_bytes(), window.access(), window.data(), memory->buffer(), 0,
                     memory->address()),
        window_(std::move(window)),
        memory_(std::move(memory)) {}

 private:
  memory::Import window_;
  std::unique_ptr<ImportedMemory> memory_;  // goes first
};

}  // namespace

Result<std::unique_ptr<VulkanBuffer>> allocate_buffer(Heap& heap, std::uint64_t size_bytes) {
  DW_TRY_ASSIGN(Heap::Piece piece, heap.allocate(Use::data, size_bytes));
  return std::make_unique<OwnBuffer>(std::move(piece), size_bytes);
}

Result<std::unique_ptr<ImportedMemory>> ImportedMemory::create(const Gpu& gpu,
                                                               std::span<const std::byte> pages) {
  std::unique_ptr<ImportedMemory> memory(new ImportedMemory(gpu));
  if (auto imported = memory->import(pages); !imported) {
    return pass_on(imported, fmt::format("While importing {} bytes of the host", pages.size()));
  }
  return memory;
}

Result<void> ImportedMemory::import(std::span<const std::byte> pages) {
  const Functions& vk = gpu_.vk();
  const std::uint64_t alignment = gpu_.physical().import_alignment;
  const auto host = std::bit_cast<std::uintptr_t>(pages.data());
  if (host % alignment != 0 || pages.size() % alignment != 0) {
    return fail(ErrorCode::unsupported,
                "The range ({} bytes at offset {} of a page) is not a multiple of the device's "
                "import alignment ({}).",
                pages.size(), host % alignment, alignment);
  }
  // The driver does not write through it: what may be written is checked when a run is submitted.
  auto* const bytes = const_cast<std::byte*>(pages.data());
  VkMemoryHostPointerPropertiesEXT suits = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_HOST_POINTER_PROPERTIES_EXT};
  if (auto asked =
          check(vk.GetMemoryHostPointerPropertiesEXT(gpu_.device(), kHostPages, bytes, &suits),
                "vkGetMemoryHostPointerPropertiesEXT");
      !asked) {
    if (asked.error().code() != ErrorCode::unsupported) return asked;
    return fail(ErrorCode::unsupported, "The driver takes no memory of this kind: {}",
                asked.error().message());
  }
  const VkExternalMemoryBufferCreateInfo external = {
      .sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO, .handleTypes = kHostPages};
  VkBufferCreateInfo info = buffer_info(pages.size());
  info.pNext = &external;
  DW_TRY(check_made(vk.CreateBuffer(gpu_.device(), &info, nullptr, &buffer_), "vkCreateBuffer",
                    buffer_));
  VkMemoryRequirements requirements = {};
  vk.GetBufferMemoryRequirements(gpu_.device(), buffer_, &requirements);
  const std::uint32_t types = requirements.memoryTypeBits & suits.memoryTypeBits;
  if (types == 0) {
    return fail(
        ErrorCode::unsupported,
        "No memory type of the device takes memory of this kind (pages {:#x}, buffers {:#x}).",
        suits.memoryTypeBits, requirements.memoryTypeBits);
  }
  const auto type = static_cast<std::uint32_t>(std::countr_zero(types));
  if (pages.size() > gpu_.most_bytes(type)) {
    return fail(ErrorCode::unsupported,
                "The range ({} bytes) is over what the device takes at once ({} bytes).",
                pages.size(), gpu_.most_bytes(type));
  }
  if (requirements.size > pages.size()) {
    return fail(ErrorCode::unsupported, "A buffer over them needs {} bytes.", requirements.size);
  }
  const VkImportMemoryHostPointerInfoEXT from = {
      .sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT,
      .handleType = kHostPages,
      .pHostPointer = bytes};
  const VkMemoryAllocateFlagsInfo flags = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO,
                                           .pNext = &from,
                                           .flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT};
  const VkMemoryAllocateInfo memory = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                       .pNext = &flags,
                                       .allocationSize = pages.size(),
                                       .memoryTypeIndex = type};
  if (auto allocated = check_made(vk.AllocateMemory(gpu_.device(), &memory, nullptr, &memory_),
                                  "vkAllocateMemory", memory_);
      !allocated) {
    if (allocated.error().code() == ErrorCode::device_lost) return allocated;
    return fail(ErrorCode::unsupported, "The driver refuses this memory: {}",
                allocated.error().message());
  }
  DW_TRY(check(vk.BindBufferMemory(gpu_.device(), buffer_, memory_, 0), "vkBindBufferMemory"));
  address_ = address_of(gpu_, buffer_);
  return {};
}

ImportedMemory::~ImportedMemory() {
  if (buffer_ != VK_NULL_HANDLE) gpu_.vk().DestroyBuffer(gpu_.device(), buffer_, nullptr);
  if (memory_ != VK_NULL_HANDLE) gpu_.vk().FreeMemory(gpu_.device(), memory_, nullptr);
}

Result<std::unique_ptr<VulkanBuffer>> import_window(const Gpu& gpu, memory::Import window) {
  DW_TRY_ASSIGN(auto memory, ImportedMemory::create(gpu, {window.data(), window.size_bytes()}));
  return std::make_unique<WindowBuffer>(std::move(window), std::move(memory));
}

}  // namespace driftwood::device::vulkan
