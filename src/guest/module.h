// Compiled guests. Only this folder knows Wasmtime.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "core/error.h"

namespace driftwood::guest {

// The compiler and the memory creator, shared by all modules and guests.
// Threads: free.
class Engine {
 public:
  // Errors: unsupported when Wasmtime refuses this machine.
  static Result<std::shared_ptr<Engine>> create();
  ~Engine();

  struct Impl;
  Impl& impl() const { return *impl_; }

 private:
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A module that passed the checks: it defines and exports one 32-bit memory, exports
// driftwood_start and driftwood_resume with the ABI's types, and imports nothing but the ABI and
// the minimal WASI. Threads: free; immutable.
class Module {
 public:
  static constexpr std::size_t kMostBytes = std::size_t{256} << 20;

  // Compiles WebAssembly bytes. Errors: corrupt when they are not a valid module of the features
  // that guests may use; invalid_argument, naming the import or export, when it asks for what it is
  // not given or lacks what it must have; limit above kMostBytes.
  static Result<std::shared_ptr<const Module>> compile(std::shared_ptr<Engine> engine,
                                                       std::span<const std::byte> wasm);
  ~Module();

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit Module(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace driftwood::guest
