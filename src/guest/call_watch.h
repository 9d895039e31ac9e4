// What can end a call of a guest from outside: its limit of processor time, its owner, and
// interrupt(). Wasmtime asks when the engine's epoch has advanced; while no call lasts as long as a
// tick of the engine, nothing here reads a clock.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include "core/error.h"

namespace driftwood::guest {

// Threads: that of the guest, except interrupt().
class CallWatch {
 public:
  explicit CallWatch(std::uint64_t call_ns) : call_ns_(call_ns) {}

  // Asked at each tick of a call; an error of it ends the call.
  std::function<Result<void>()> owner;

  // A call begins.
  void begin();

  // Why the call in progress is to end now, if it is. Its time counts from the first time that
  // this is asked.
  const std::optional<Error>& check();

  // The error that check() gave last in this call.
  const std::optional<Error>& ending() const { return ending_; }

  // Makes the next check() of this call give an error. Threads: any.
  void interrupt() { interrupted_ = true; }

 private:
  Result<void> judge();

  std::uint64_t call_ns_;
  std::optional<std::uint64_t> begin_cpu_ns_;
  std::optional<Error> ending_;
  std::atomic<bool> interrupted_ = false;
};

}  // namespace driftwood::guest
