// Makes the linear memory of each instance a memory::Region. Only memories that a module defines
// come here; modules that import one are refused.
//
// Ownership: the guest holds a share of the region, Wasmtime another until the store is deleted,
// and each
//   import of a window a third.
#pragma once

#include <memory>
#include <optional>

#include "core/error.h"
#include "guest/wasmtime_handles.h"
#include "memory/region.h"

namespace driftwood::guest {

// What compiled code counts on: any 32-bit address plus a small offset lies in the reservation and
// its guard, so loads and stores carry no bounds checks.
inline constexpr std::uint64_t kReservedBytes = std::uint64_t{4} << 30;
inline constexpr std::uint64_t kGuardBytes = std::uint64_t{32} << 20;

void install_memory_creator(wasm_config_t* config);

// While it lives, the memory that this thread's instantiation makes is kept here. Instantiation
// runs on the thread that asks for it, and the creator is told of no instance, so the thread is
// what connects them.
class MemoryCapture {
 public:
  MemoryCapture();
  ~MemoryCapture();
  MemoryCapture(const MemoryCapture&) = delete;
  MemoryCapture& operator=(const MemoryCapture&) = delete;

  std::shared_ptr<memory::Region> region;
  std::optional<Error> error;  // why there is no region
};

}  // namespace driftwood::guest
