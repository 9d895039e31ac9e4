#include "device/host_pool.h"

#include <algorithm>
#include <ranges>
#include <utility>

namespace driftwood::device {

class HostPool::PooledBuffer final : public Buffer {
 public:
  PooledBuffer(HostMemory memory, std::uint64_t size_bytes, std::shared_ptr<HostPool> pool)
      : Buffer(size_bytes, memory::Access::read_write, memory.get()),
        memory_(std::move(memory)),
        pool_(std::move(pool)) {}
  ~PooledBuffer() override { pool_->keep(std::move(memory_), size_bytes()); }

 private:
  HostMemory memory_;
  std::shared_ptr<HostPool> pool_;
};

// With room for all that can be kept, so that a buffer's end allocates nothing.
HostPool::HostPool() {
  kept_.reserve(kMostKeptBytes / kLeastKeptBytes);
}

std::shared_ptr<HostPool> HostPool::create() {
  return std::shared_ptr<HostPool>(new HostPool);
}

std::uint64_t HostPool::kept_bytes() const {
  const std::lock_guard lock(mutex_);
  return kept_bytes_;
}

Result<std::unique_ptr<Buffer>> HostPool::allocate(std::uint64_t size_bytes, Filling filling) {
  if (size_bytes < kLeastKeptBytes || size_bytes > kMostKeptBytes) {
    return allocate_host(size_bytes, filling);
  }
  HostMemory memory = take(size_bytes);
  if (memory == nullptr) {
    DW_TRY_ASSIGN(memory, allocate_host_memory(size_bytes));
  }
  if (filling == Filling::zeros) std::fill_n(memory.get(), size_bytes, std::byte{0});
  return std::make_unique<PooledBuffer>(std::move(memory), size_bytes, shared_from_this());
}

void HostPool::keep(HostMemory memory, std::uint64_t size_bytes) {
  const std::lock_guard lock(mutex_);
  auto fits = kept_.begin();
  for (; kept_bytes_ > kMostKeptBytes - size_bytes; ++fits) kept_bytes_ -= fits->size_bytes;
  kept_.erase(kept_.begin(), fits);
  kept_.push_back({std::move(memory), size_bytes});
  kept_bytes_ += size_bytes;
}

HostMemory HostPool::take(std::uint64_t size_bytes) {
  const std::lock_guard lock(mutex_);
  // The newest first: the processor's caches may still hold it.
  const auto newest = std::ranges::find(kept_ | std::views::reverse, size_bytes, &Kept::size_bytes);
  if (newest == kept_.rend()) return nullptr;
  HostMemory memory = std::move(newest->memory);
  kept_.erase(std::next(newest).base());
  kept_bytes_ -= size_bytes;
  return memory;
}

}  // namespace driftwood::device
