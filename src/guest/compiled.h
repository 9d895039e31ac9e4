// What an Engine and a Module hold of Wasmtime.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "guest/module.h"
#include "guest/module_cache.h"
#include "guest/wasmtime_handles.h"
#include "os/copy_on_write.h"
#include "os/ticker.h"

namespace driftwood::guest {

struct Engine::Impl {
  Impl(OwnedEngine made, OwnedLinker linker_of_it, const std::string& cache_folder)
      : engine(std::move(made)), linker(std::move(linker_of_it)) {
    if (!cache_folder.empty()) cache.emplace(cache_folder);
  }

  static constexpr std::uint64_t kTickNs = 10'000'000;  // how soon a call that is to end is noticed

  OwnedEngine engine;
  OwnedLinker linker;  // knows every import
  std::optional<ModuleCache> cache;
  // Advances the epoch while guests are called.
  os::Ticker ticker{kTickNs, [this] { wasmtime_engine_increment_epoch(engine.get()); }};
};

// A mutable global that a module defines; the letter is that of Global.
struct MutableGlobal {
  std::uint32_t index;
  char type;
};

struct Module::Impl {
  std::shared_ptr<Engine> engine;
  std::vector<std::byte> wasm;  // as it was given
  std::array<std::byte, 32> sha256;
  OwnedModule module;                          // of the same, with all mutable globals exported
  std::vector<MutableGlobal> mutable_globals;  // by ascending index
  OwnedInstancePre instance_pre;               // its imports found and checked
  std::uint64_t memory_bytes;                  // that the memory begins with
  bool has_initialize;

  // Pages of the memory outside of which its data segments write nothing; known once it was
  // instantiated for the first time.
  mutable std::once_flag data_pages_once;
  mutable std::vector<os::PageRange> data_pages;
};

// The exports of a guest.
inline constexpr std::string_view kMemoryExport = "memory";
inline constexpr std::string_view kInitializeExport = "_initialize";
inline constexpr std::string_view kStartExport = "driftwood_start";
inline constexpr std::string_view kResumeExport = "driftwood_resume";

// Exports of mutable globals, which the host adds: this and the global's index.
inline constexpr std::string_view kGlobalExportPrefix = "driftwood:global:";

}  // namespace driftwood::guest
