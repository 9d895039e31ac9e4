#include "device/vulkan/heap.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/arithmetic.h"
#include "device/vulkan/outcome.h"

namespace driftwood::device::vulkan {
namespace {

constexpr std::uint64_t kChunkBytes = std::uint64_t{64} << 20;
constexpr std::uint64_t kControlChunkBytes = std::uint64_t{4} << 20;

constexpr VkMemoryPropertyFlags kLocal = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
constexpr VkMemoryPropertyFlags kReached =
    VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
constexpr VkMemoryPropertyFlags kCached = VK_MEMORY_PROPERTY_HOST_CACHED_BIT;

// What memory of a use has to be, and would better be, first wish first.
std::vector<VkMemoryPropertyFlags> wishes(const Gpu& gpu, Use use) {
  switch (use) {
    case Use::data:
      if (gpu.shares_host_memory())
        return {kLocal | kReached | kCached, kLocal | kReached, kReached};
      return {kLocal};
    case Use::control:
      return {kLocal | kReached, kReached};
    case Use::staging:
      return {kReached | kCached, kReached};
  }
  return {};
}

// The memory types of a use of which one piece may be so large, best first.
Result<std::vector<std::uint32_t>> types_for(const Gpu& gpu, Use use, std::uint64_t size_bytes) {
  std::vector<std::uint32_t> types = memory_types(gpu, use);
  std::uint64_t most_bytes = 0;
  for (const std::uint32_t type : types) most_bytes = std::max(most_bytes, gpu.most_bytes(type));
  if (size_bytes > most_bytes) {
    return fail(ErrorCode::out_of_memory, "One piece of it has at most {} bytes.", most_bytes);
  }
  std::erase_if(types, [&](std::uint32_t type) { return size_bytes > gpu.most_bytes(type); });
  return types;
}

}  // namespace

std::vector<std::uint32_t> memory_types(const Gpu& gpu, Use use) {
  std::vector<std::uint32_t> types;
  for (const VkMemoryPropertyFlags wish : wishes(gpu, use)) {
    for (std::uint32_t i = 0; i < gpu.memory().memoryTypeCount; ++i) {
      const VkMemoryPropertyFlags flags = gpu.memory().memoryTypes[i].propertyFlags;
      if ((flags & wish) == wish && std::ranges::find(types, i) == types.end()) types.push_back(i);
    }
  }
  return types;
}

VkBufferCreateInfo buffer_info(std::uint64_t size_bytes) {
  return {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
          .size = size_bytes,
          .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT |
                   VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT |
                   VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT,
          .sharingMode = VK_SHARING_MODE_EXCLUSIVE};
}

Address address_of(const Gpu& gpu, VkBuffer buffer) {
  const VkBufferDeviceAddressInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO,
                                          .buffer = buffer};
  return gpu.vk().GetBufferDeviceAddress(gpu.device(), &info);
}

Heap::Piece& Heap::Piece::operator=(Piece&& other) noexcept {
  std::swap(heap_, other.heap_);
  std::swap(chunk_, other.chunk_);
  std::swap(offset_bytes_, other.offset_bytes_);
  std::swap(size_bytes_, other.size_bytes_);
  return *this;
}

Heap::Piece::~Piece() {
  if (chunk_ != nullptr) heap_->give_back(*chunk_, offset_bytes_, size_bytes_);
}

VkBuffer Heap::Piece::buffer() const {
  return chunk_->buffer;
}

Address Heap::Piece::address() const {
  return chunk_->address + offset_bytes_;
}

std::byte* Heap::Piece::contents() const {
  return chunk_->contents == nullptr ? nullptr : chunk_->contents + offset_bytes_;
}

Heap::~Heap() {
  for (const auto& chunk : chunks_) destroy(*chunk);
}

Result<Heap::Piece> Heap::allocate(Use use, std::uint64_t size_bytes) {
  const auto wanted = checked_add(std::max<std::uint64_t>(1, size_bytes), kAlignmentBytes - 1);
  if (!wanted) {
    return fail(ErrorCode::out_of_memory, "No device has {} bytes of memory.", size_bytes);
  }
  const std::uint64_t rounded = *wanted / kAlignmentBytes * kAlignmentBytes;
  Piece piece;
  const auto cut = [&](Chunk& chunk) {
    for (auto& [offset, size] : chunk.free) {
      if (size < rounded) continue;
      // From the end, so that the place in the map stays.
      piece.offset_bytes_ = offset + size - rounded;
      size -= rounded;
      if (size == 0) chunk.free.erase(offset);
      piece.heap_ = this;
      piece.chunk_ = &chunk;
      piece.size_bytes_ = rounded;
      return true;
    }
    return false;
  };
  for (const auto& chunk : chunks_) {
    if (chunk->use == use && cut(*chunk)) return piece;
  }
  const std::uint64_t usual = use == Use::control ? kControlChunkBytes : kChunkBytes;
  auto chunk = add_chunk(use, std::max(usual, rounded));
  if (!chunk && rounded < usual) chunk = add_chunk(use, rounded);  // little memory is left
  if (!chunk) {
    return pass_on(chunk, fmt::format("While allocating {} bytes of the GPU's memory", size_bytes));
  }
  cut(**chunk);
  return piece;
}

Result<Heap::Chunk*> Heap::add_chunk(Use use, std::uint64_t size_bytes) {
  auto chunk = std::make_unique<Chunk>(Chunk{.use = use, .size_bytes = size_bytes});
  if (auto filled = fill_chunk(*chunk); !filled) {
    destroy(*chunk);
    return pass_on(filled);
  }
  chunk->free.emplace(0, size_bytes);
  chunks_.push_back(std::move(chunk));
  return chunks_.back().get();
}

Result<void> Heap::fill_chunk(Chunk& chunk) {
  const Functions& vk = gpu_.vk();
  DW_TRY_ASSIGN(const auto types, types_for(gpu_, chunk.use, chunk.size_bytes));
  const VkBufferCreateInfo info = buffer_info(chunk.size_bytes);
  DW_TRY(check_made(vk.CreateBuffer(gpu_.device(), &info, nullptr, &chunk.buffer), "vkCreateBuffer",
                    chunk.buffer));
  VkMemoryRequirements requirements = {};
  vk.GetBufferMemoryRequirements(gpu_.device(), chunk.buffer, &requirements);
  Result<void> allocated = fail(ErrorCode::unsupported, "The GPU has no memory of this kind.");
  std::uint32_t type = 0;
  for (const std::uint32_t candidate : types) {
    if ((requirements.memoryTypeBits & (1u << candidate)) == 0) continue;
    const VkMemoryAllocateFlagsInfo flags = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO,
                                             .flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT};
    const VkMemoryAllocateInfo memory = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                         .pNext = &flags,
                                         .allocationSize = requirements.size,
                                         .memoryTypeIndex = candidate};
    allocated = check_made(vk.AllocateMemory(gpu_.device(), &memory, nullptr, &chunk.memory),
                           "vkAllocateMemory", chunk.memory);
    type = candidate;
    if (allocated || allocated.error().code() != ErrorCode::out_of_memory) break;
  }
  DW_TRY(std::move(allocated));
  DW_TRY(check(vk.BindBufferMemory(gpu_.device(), chunk.buffer, chunk.memory, 0),
               "vkBindBufferMemory"));
  const VkMemoryPropertyFlags flags = gpu_.memory().memoryTypes[type].propertyFlags;
  const bool is_reached = (flags & kReached) == kReached;
  if (is_reached && (chunk.use != Use::data || gpu_.shares_host_memory())) {
    void* contents = nullptr;
    DW_TRY(check(vk.MapMemory(gpu_.device(), chunk.memory, 0, VK_WHOLE_SIZE, 0, &contents),
                 "vkMapMemory"));
    chunk.contents = static_cast<std::byte*>(contents);
  }
  chunk.address = address_of(gpu_, chunk.buffer);
  return {};
}

void Heap::destroy(Chunk& chunk) {
  if (chunk.buffer != VK_NULL_HANDLE) {
    gpu_.vk().DestroyBuffer(gpu_.device(), chunk.buffer, nullptr);
  }
  if (chunk.memory != VK_NULL_HANDLE) gpu_.vk().FreeMemory(gpu_.device(), chunk.memory, nullptr);
}

void Heap::give_back(Chunk& chunk, std::uint64_t offset_bytes, std::uint64_t size_bytes) {
  auto [at, is_new] = chunk.free.emplace(offset_bytes, size_bytes);
  if (const auto next = std::next(at);
      next != chunk.free.end() && at->first + at->second == next->first) {
    at->second += next->second;
    chunk.free.erase(next);
  }
  if (at != chunk.free.begin()) {
    const auto before = std::prev(at);
    if (before->first + before->second == at->first) {
      before->second += at->second;
      chunk.free.erase(at);
      at = before;
    }
  }
  // One that is empty stays where it is the only one of its use, for the next.
  if (at->second != chunk.size_bytes) return;
  const auto same_use =
      std::ranges::count(chunks_, chunk.use, [](const auto& c) { return c->use; });
  if (same_use == 1 && chunk.size_bytes <= kChunkBytes) return;
  destroy(chunk);
  std::erase_if(chunks_, [&](const auto& one) { return one.get() == &chunk; });
}

}  // namespace driftwood::device::vulkan
