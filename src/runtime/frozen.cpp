#include <driftwood/frozen.h>

#include <utility>

#include "actor/actor.h"
#include "actor/frozen_file.h"
#include "actor/thaw.h"
#include "core/error.h"
#include "device/registry.h"
#include "runtime/claimed_model.h"
#include "runtime/handles.h"

namespace driftwood {
namespace {

static_assert(kMostFrozenTextBytes == actor::frozen::kMostTextBytes);

using actor::frozen::Descriptor;
using actor::frozen::File;

// Makes the actor as a thaw does, on a device that computes nothing. Of a thin file, all that can
// be made without its module.
Result<void> try_to_thaw(const File& file) {
  DW_TRY_ASSIGN(const auto device, device::open_device("null", {}));
  DW_TRY_ASSIGN(const auto model, claimed_model(file));
  // What an owner allows is not the file's matter.
  ActorOptions options;
  options.limits.memory_bytes = std::uint64_t{4} << 30;
  const guest::Services surroundings = services(*device, model, options);
  if (file.find(actor::frozen::kModule) == nullptr) {
    DW_TRY(actor::load_snapshot(file, surroundings, nullptr));
    return {};
  }
  DW_TRY_ASSIGN(const auto wasm, actor::module_of(file));
  DW_TRY_ASSIGN(const auto engine, guest::Engine::create());
  DW_TRY_ASSIGN(const auto module, guest::Module::compile(engine, wasm));
  DW_TRY_ASSIGN(const auto snapshot, actor::load_snapshot(file, surroundings, module));
  DW_TRY(actor::Actor::restore(surroundings, snapshot, [&file](memory::Region& region) {
    return actor::fill_memory(file, region);
  }));
  return {};
}

Result<void> verify(const File& file) {
  DW_TRY(file.verify_checksums());
  return try_to_thaw(file);
}

}  // namespace

Result<FrozenInfo> inspect_frozen(const std::string& path) {
  DW_TRY_ASSIGN(const auto file, File::open(path));
  const Descriptor& actor = file.descriptor();
  FrozenInfo info{.file_bytes = file.size_bytes(),
                  .guest_sha256 = actor.module.sha256,
                  .is_thin = file.find(actor::frozen::kModule) == nullptr,
                  .model = std::nullopt,
                  .numerics = actor.numerics,
                  .next = std::string(actor::frozen::name_of(actor.next)),
                  .memory_bytes = actor.memory_bytes,
                  .touched_bytes = 0,
                  .state_rows = actor.state_rows(),
                  .waiting_messages = actor.mailbox.size(),
                  .waiting_records = actor.output.size(),
                  .description = file.header().metadata.at("actor")};
  if (actor.model) {
    info.model = ModelFingerprint{.config = actor.model->config,
                                  .weights = actor.model->weights,
                                  .tokenizer = actor.model->tokenizer};
  }
  if (const auto* pages = file.find(actor::frozen::kMemory)) {
    info.touched_bytes = pages->end - pages->begin;
  }
  return info;
}

Result<void> verify_frozen(const std::string& path) {
  DW_TRY_ASSIGN(const auto file, File::open(path));
  if (const auto verified = verify(file); !verified) return pass_on(verified, path);
  return {};
}

}  // namespace driftwood
