// What an Engine and a Module hold of Wasmtime.
#pragma once

#include <memory>

#include "guest/module.h"
#include "guest/wasmtime_handles.h"

namespace driftwood::guest {

struct Engine::Impl {
  OwnedEngine engine;
  OwnedLinker linker;  // knows every import
};

struct Module::Impl {
  std::shared_ptr<Engine> engine;
  OwnedModule module;
  OwnedInstancePre instance_pre;  // its imports found and checked
  std::uint64_t memory_bytes;     // that the memory begins with
  bool has_initialize;
};

// The exports of a guest.
inline constexpr std::string_view kMemoryExport = "memory";
inline constexpr std::string_view kInitializeExport = "_initialize";
inline constexpr std::string_view kStartExport = "driftwood_start";
inline constexpr std::string_view kResumeExport = "driftwood_resume";

}  // namespace driftwood::guest
