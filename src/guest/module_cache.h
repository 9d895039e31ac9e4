// Compiled modules that are kept in files, so that the next process need not compile them.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "guest/wasmtime_handles.h"
#include "os/private_folder.h"

namespace driftwood::guest {

// The files hold machine code, which is run as it is. So only what this user alone could have
// written is read, and only with the checksum that it was written with; what another build of this
// program would compile otherwise has another name, and what this processor cannot run Wasmtime
// refuses. Nothing that fails here is an error: what cannot be found is compiled, and what cannot
// be kept is compiled again the next time. The log says why.
//
// Layout: FOLDER/modules/SHA256-WASMTIME-MAKERS.module, of the WebAssembly bytes as they were
// given, Wasmtime's version, and what decides how such bytes are compiled. A file begins with the
// XXH3-64 of its name and of all that follows, 8 bytes as the processor orders them; the rest is
// what wasmtime_module_serialize() gave.
// Threads: any, and any number of processes at once.
class ModuleCache {
 public:
  using Sha256 = std::array<std::byte, 32>;

  static constexpr std::size_t kMostFiles = 64;
  static constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;  // of all together

  explicit ModuleCache(const std::string& folder);

  // The compiled module of the bytes with this digest; null where there is none to be trusted.
  OwnedModule find(wasm_engine_t* engine, const Sha256& wasm) const;

  // Keeps a module that was compiled of such bytes, and drops what was kept longest ago.
  void keep(const wasmtime_module_t* module, const Sha256& wasm) const;

 private:
  os::PrivateFolder files_;
};

}  // namespace driftwood::guest
