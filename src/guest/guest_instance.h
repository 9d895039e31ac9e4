// What runs behind a Guest: WebAssembly, or code of this program. Guest keeps the order of calls
// and judges what they return; an instance makes them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/error.h"
#include "guest/global.h"
#include "guest/guest_state.h"
#include "guest/module.h"

namespace driftwood::guest {

// Threads: one at a time, except interrupt().
class GuestInstance {
 public:
  virtual ~GuestInstance() = default;
  GuestInstance(const GuestInstance&) = delete;
  GuestInstance& operator=(const GuestInstance&) = delete;

  // Calls an export; gives the number that it returned. Errors: guest_failed when it traps.
  virtual Result<std::int32_t> start() = 0;
  virtual Result<std::int32_t> resume(std::int32_t event, std::int32_t status) = 0;

  // As those of Guest, where a call can be ended from outside. interrupt(), threads: any.
  virtual void set_watch(std::function<Result<void>()> watch) = 0;
  virtual void interrupt() = 0;

  // What it was instantiated from; null for code of this program, which has no globals of its own
  // and answers the next three with nothing and unsupported.
  virtual std::shared_ptr<const Module> module() const = 0;

  // Its mutable globals, by ascending index.
  virtual std::vector<Global> globals() const = 0;

  // Sets all of them. Errors: corrupt, and none is set, unless `globals` are those of the module in
  // the order of globals(), each of its type.
  virtual Result<void> set_globals(std::span<const Global> globals) = 0;

  // Makes the memory `bytes` large, as if the guest had grown it. Errors: corrupt unless that is
  // a multiple of 64 KiB and no less than it has; limit.
  virtual Result<void> grow_memory(std::uint64_t bytes) = 0;

  // Makes the memory zero again where instantiating has written. Precondition: nothing was called.
  virtual void clear_data() = 0;

  GuestState state;

 protected:
  explicit GuestInstance(Services services) : state(std::move(services)) {}
};

// As Guest::create and Guest::create_native.
Result<std::unique_ptr<GuestInstance>> make_wasm_instance(std::shared_ptr<const Module> module,
                                                          Services services);
Result<std::unique_ptr<GuestInstance>> make_native_instance(NativeExports exports,
                                                            Services services);

}  // namespace driftwood::guest
