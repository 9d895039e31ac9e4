// Actors that wait in files instead of in memory.
#include <utility>

#include "actor/actor.h"
#include "actor/freeze.h"
#include "actor/frozen_file.h"
#include "actor/thaw.h"
#include "os/replace_file.h"

namespace driftwood::actor {

Result<void> Actor::park(const std::string& path) {
  if (is_parked()) return {};
  {
    DW_TRY_ASSIGN(const auto frozen, Frozen::make(*this, {.thin = true}));
    DW_TRY(os::replace_file(path, frozen->file().parts(), os::Durability::none));
    parked_checksum_ = frozen->identity();
  }
  parked_path_ = path;
  parked_module_ = guest_->module();
  guest_->drop_lines();
  guest_.reset();
  turns_.clear();
  return {};
}

Result<void> Actor::hydrate() {
  if (!is_parked()) return {};
  not_hydrated_.reset();
  auto taken = take_from_file();
  if (!taken) not_hydrated_ = taken.error();
  return taken;
}

Result<void> Actor::take_from_file() {
  DW_TRY_ASSIGN(const auto file, frozen::File::open(parked_path_));
  DW_TRY_ASSIGN(const std::uint64_t identity, file.identity());
  if (identity != parked_checksum_) {
    return fail(ErrorCode::corrupt, "\"{}\" is not the file that this actor was parked in.",
                parked_path_);
  }
  DW_TRY_ASSIGN(const Snapshot snapshot, read_snapshot(file, services_, parked_module_));
  DW_TRY(take_guest([&](guest::Services own) {
    return guest::Guest::restore(snapshot.module, std::move(own), snapshot.guest,
                                 [&](memory::Region& region) { return fill_memory(file, region); });
  }));
  parked_module_ = nullptr;
  return {};
}

}  // namespace driftwood::actor
