#include "guest/memory_creator.h"

#include <new>

#include "core/check.h"
#include "memory/region_pool.h"

namespace driftwood::guest {
namespace {

using SharedRegion = std::shared_ptr<memory::Region>;
using SharedPool = std::shared_ptr<memory::RegionPool>;

thread_local MemoryCapture* current_capture = nullptr;

// No exception may cross Wasmtime, and these callbacks can meet but the one.
template <typename Body>
wasmtime_error_t* without_exceptions(Body body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return wasmtime_error_new("The host has not the memory for a guest's memory.");
  }
}

memory::Region& region_of(void* env) {
  return **static_cast<SharedRegion*>(env);
}

std::uint8_t* get_memory(void* env, std::size_t* size_bytes, std::size_t* capacity_bytes) {
  memory::Region& region = region_of(env);
  *size_bytes = region.committed_bytes();
  *capacity_bytes = region.reserved_bytes();
  return reinterpret_cast<std::uint8_t*>(region.base());
}

wasmtime_error_t* grow_memory(void* env, std::size_t new_size_bytes) {
  return without_exceptions([&]() -> wasmtime_error_t* {
    const Result<void> grown = region_of(env).grow(new_size_bytes);
    return grown ? nullptr : wasmtime_error_new(grown.error().message().c_str());
  });
}

void release_memory(void* env) {
  delete static_cast<SharedRegion*>(env);
}

wasmtime_error_t* new_memory(void* env, const wasm_memorytype_t*, std::size_t minimum_bytes,
                             std::size_t, std::size_t reserved_bytes, std::size_t guard_bytes,
                             wasmtime_linear_memory_t* memory) {
  DW_CHECK(current_capture != nullptr);
  DW_CHECK(reserved_bytes >= kReservedBytes && guard_bytes >= kGuardBytes);
  return without_exceptions([&]() -> wasmtime_error_t* {
    memory::RegionPool& pool = **static_cast<SharedPool*>(env);
    Result<SharedRegion> region = pool.reserve({.committed_bytes = minimum_bytes,
                                                .reserved_bytes = reserved_bytes,
                                                .guard_bytes = guard_bytes});
    if (!region) {
      current_capture->error = region.error();
      return wasmtime_error_new(region.error().message().c_str());
    }
    current_capture->region = *region;
    memory->env = new SharedRegion(*std::move(region));
    memory->get_memory = get_memory;
    memory->grow_memory = grow_memory;
    memory->finalizer = release_memory;
    return nullptr;
  });
}

void release_pool(void* env) {
  delete static_cast<SharedPool*>(env);
}

}  // namespace

void install_memory_creator(wasm_config_t* config) {
  // A memory initialised by mapping the module's image over it would no longer be the region.
  wasmtime_config_memory_init_cow_set(config, false);
  wasmtime_config_memory_may_move_set(config, false);
  wasmtime_config_memory_reservation_set(config, kReservedBytes);
  wasmtime_config_memory_guard_size_set(config, kGuardBytes);
  wasmtime_memory_creator_t creator = {.env = new SharedPool(memory::RegionPool::create()),
                                       .new_memory = new_memory,
                                       .finalizer = release_pool};
  wasmtime_config_host_memory_creator_set(config, &creator);
}

MemoryCapture::MemoryCapture() {
  DW_CHECK(current_capture == nullptr);
  current_capture = this;
}

MemoryCapture::~MemoryCapture() {
  current_capture = nullptr;
}

}  // namespace driftwood::guest
