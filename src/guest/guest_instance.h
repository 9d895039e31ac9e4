// What runs behind a Guest: WebAssembly, or code of this program. Guest keeps the order of calls
// and judges what they return; an instance makes them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "core/error.h"
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
