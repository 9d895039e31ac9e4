#include "guest/module_cache.h"

#include <algorithm>
#include <bit>
#include <span>

#include "core/checksum.h"
#include "core/log.h"
#include "guest/failure.h"
#include "model/fingerprint.h"

namespace driftwood::guest {
namespace {

using SumBytes = std::array<std::byte, sizeof(std::uint64_t)>;

// Wasmtime refuses modules of other versions and targets, but not of every other setting.
std::string name_of(const ModuleCache::Sha256& wasm) {
  return fmt::format("{}-{}-{}", model::hexadecimal(wasm), WASMTIME_VERSION,
                     DRIFTWOOD_MODULE_MAKERS);
}

SumBytes checksum(const std::string& name, std::span<const std::byte> code) {
  const std::array parts = {std::as_bytes(std::span(name)), code};
  return std::bit_cast<SumBytes>(xxh3(parts));
}

}  // namespace

ModuleCache::ModuleCache(const std::string& folder) : files_(folder + "/modules", ".module") {}

OwnedModule ModuleCache::find(wasm_engine_t* engine, const Sha256& wasm) const {
  const std::string name = name_of(wasm);
  const auto bytes = files_.read(name, kMostBytes);
  if (!bytes) {
    if (bytes.error().code() != ErrorCode::not_found) {
      log::info("A compiled module is not used: {}", bytes.error().message());
    }
    return nullptr;
  }
  const auto code = std::span(*bytes).subspan(std::min(bytes->size(), sizeof(SumBytes)));
  const auto sum = std::span(*bytes).first(bytes->size() - code.size());
  if (!std::ranges::equal(sum, checksum(name, code))) {
    log::info("The compiled module {} is not used: it does not have its checksum.", name);
    return nullptr;
  }
  wasmtime_module_t* module = nullptr;
  const OwnedError error(wasmtime_module_deserialize(
      engine, reinterpret_cast<const std::uint8_t*>(code.data()), code.size(), &module));
  if (error != nullptr) {
    log::info("The compiled module {} is not used: {}", name, message_of(*error));
  }
  return OwnedModule(module);
}

void ModuleCache::keep(const wasmtime_module_t* module, const Sha256& wasm) const {
  OwnedBytes serialized;
  if (const OwnedError error(wasmtime_module_serialize(module, &serialized)); error != nullptr) {
    log::info("A compiled module is not kept: {}", message_of(*error));
    return;
  }
  const std::string name = name_of(wasm);
  const auto code = std::as_bytes(std::span(serialized.data, serialized.size));
  const SumBytes sum = checksum(name, code);
  const std::array<std::span<const std::byte>, 2> parts = {sum, code};
  if (const auto written = files_.write(name, parts); !written) {
    log::info("A compiled module is not kept: {}", written.error().message());
    return;
  }
  files_.drop_oldest(kMostFiles, kMostBytes);
}

}  // namespace driftwood::guest
