// Memory of the GPU: few large pieces of the driver's, from which buffers of any size are cut,
// since drivers give out only some thousands of pieces.
//
// Layout: a chunk is one VkDeviceMemory with one VkBuffer over all of it, so that a place in it is
// a
//   VkBuffer and an offset for copies, and an address for kernels.
// Lifetime: the heap outlives what it gave out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "core/error.h"
#include "device/kernels/call.h"
#include "device/vulkan/gpu.h"

namespace driftwood::device::vulkan {

using kernels::Address;

// What memory is for, which decides where it lies.
enum class Use : std::size_t {
  data,     // kernels read and write it; the host reaches it where it shares its memory
  control,  // the host writes it, kernels read it
  staging,  // the host writes and reads it, copies pass through it
};
inline constexpr std::size_t kUseCount = 3;

class Heap {
  struct Chunk;

 public:
  explicit Heap(const Gpu& gpu) : gpu_(gpu) {}
  ~Heap();
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  // A range of a chunk, which goes back when this goes.
  class Piece {
   public:
    Piece() = default;
    Piece(Piece&& other) noexcept { *this = std::move(other); }
    Piece& operator=(Piece&& other) noexcept;
    ~Piece();

    explicit operator bool() const { return chunk_ != nullptr; }
    std::uint64_t size_bytes() const { return size_bytes_; }
    std::uint64_t offset_bytes() const { return offset_bytes_; }
    VkBuffer buffer() const;
    Address address() const;
    std::byte* contents() const;  // null where the host cannot reach it

   private:
    friend class Heap;
    Heap* heap_ = nullptr;
    Chunk* chunk_ = nullptr;
    std::uint64_t offset_bytes_ = 0, size_bytes_ = 0;
  };

  static constexpr std::uint64_t kAlignmentBytes = 256;

  // Any bytes. Errors: out_of_memory.
  Result<Piece> allocate(Use use, std::uint64_t size_bytes);

  // Of the driver's memory, in use or not.
  std::uint64_t chunk_count() const { return chunks_.size(); }

 private:
  struct Chunk {
    Use use;
    std::uint64_t size_bytes;
    VkDeviceMemory memory = VK_NULL_HANDLE;
    VkBuffer buffer = VK_NULL_HANDLE;
    Address address = 0;
    std::byte* contents = nullptr;
    std::map<std::uint64_t, std::uint64_t> free;  // size by offset; neighbours are one
  };

  Result<Chunk*> add_chunk(Use use, std::uint64_t size_bytes);
  Result<void> fill_chunk(Chunk& chunk);
  void destroy(Chunk& chunk);
  void give_back(Chunk& chunk, std::uint64_t offset_bytes, std::uint64_t size_bytes);

  const Gpu& gpu_;
  std::vector<std::unique_ptr<Chunk>> chunks_;
};

// The memory types of a GPU that suit a use, best first.
std::vector<std::uint32_t> memory_types(const Gpu& gpu, Use use);

// A buffer that kernels reach by address and copies by name, without memory.
VkBufferCreateInfo buffer_info(std::uint64_t size_bytes);
Address address_of(const Gpu& gpu, VkBuffer buffer);

}  // namespace driftwood::device::vulkan
