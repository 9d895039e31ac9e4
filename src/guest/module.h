// Compiled guests. Only this folder knows Wasmtime.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "core/error.h"

namespace driftwood::guest {

// The compiler and the memory creator, shared by all modules and guests.
// Threads: free.
class Engine {
 public:
  // Modules that were compiled are kept in `cache_folder` for later processes (module_cache.h);
  // empty for nowhere. Errors: unsupported when Wasmtime refuses this machine.
  static Result<std::shared_ptr<Engine>> create(const std::string& cache_folder = {});
  ~Engine();

  struct Impl;
  Impl& impl() const { return *impl_; }

 private:
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A module that passed the checks: it defines and exports one 32-bit memory, exports
// driftwood_start and driftwood_resume with the ABI's types, imports nothing but the ABI and the
// minimal WASI, and keeps nothing but its memory and globals, so that a guest of it can be frozen.
// Threads: free; immutable.
class Module {
 public:
  static constexpr std::size_t kMostBytes = std::size_t{256} << 20;

  // Compiles WebAssembly bytes, or finds them compiled in the engine's cache, and keeps a copy of
  // them. Errors: corrupt when they are not a valid
  // module of the features that guests may use; invalid_argument, with what it is, when it asks for
  // what it is not given, lacks what it must have, or has what cannot be frozen; limit above
  // kMostBytes.
  static Result<std::shared_ptr<const Module>> compile(std::shared_ptr<Engine> engine,
                                                       std::span<const std::byte> wasm);
  ~Module();

  // The bytes that it was compiled from, and their SHA-256. Valid as long as the module.
  std::span<const std::byte> wasm() const;
  const std::array<std::byte, 32>& sha256() const;

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit Module(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace driftwood::guest
