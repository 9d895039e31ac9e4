#include "support/frozen_fate.h"

#include <unistd.h>

#include <array>
#include <vector>

#include "actor/freeze.h"
#include "actor/thaw.h"

namespace driftwood::test {
namespace {

using actor::Actor;

std::unexpected<Error> broken(std::string sentence) {
  return std::unexpected(Error(ErrorCode::invalid_argument, std::move(sentence)));
}

// The system reads a byte for us where it can, and says so where it cannot.
bool is_readable(const std::byte* at) {
  std::array<int, 2> ends;
  if (::pipe(ends.data()) != 0) return true;
  const bool readable = ::write(ends[1], at, 1) == 1;
  ::close(ends[0]);
  ::close(ends[1]);
  return readable;
}

Result<void> check_reason(const Error& error) {
  if (error.message().empty()) return broken("There is no reason.");
  if (error.code() == ErrorCode::guest_failed) {
    return broken("The guest is blamed: " + error.message());
  }
  return {};
}

// That memory and windows are what this guest may have, and that the rest of its address space
// faults.
Result<void> check_own(Actor& actor) {
  const memory::Region& region = actor.guest().region();
  const std::uint64_t committed = region.committed_bytes();
  if (committed > actor.services().limits.memory_bytes) return broken("The memory is too large.");
  for (const std::uint64_t at : {committed, region.reserved_bytes() - 1, region.reserved_bytes(),
                                 region.reserved_bytes() + region.guard_bytes() - 1}) {
    if (at >= committed && is_readable(region.base() + at)) {
      return broken(fmt::format("Byte {} of a memory of {} can be read.", at, committed));
    }
  }
  const auto snapshot = actor.snapshot();
  if (!snapshot) return {};
  std::vector<bool> shared(committed / memory::kWindowStepBytes);
  for (const memory::WindowRange& window : snapshot->guest.windows) {
    const std::uint64_t end = window.offset_bytes + window.size_bytes;
    if (end < window.offset_bytes || end > committed) return broken("A window lies outside.");
    for (std::uint64_t at = window.offset_bytes; at < end; at += memory::kWindowStepBytes) {
      if (shared[at / memory::kWindowStepBytes]) return broken("Two windows overlap.");
      shared[at / memory::kWindowStepBytes] = true;
    }
  }
  return {};
}

Result<std::vector<std::byte>> freeze(const Actor& actor) {
  DW_TRY_ASSIGN(const auto frozen, actor::Frozen::make(actor, {.thin = true}));
  std::vector<std::byte> bytes(frozen->file().size_bytes());
  frozen->file().copy_to(bytes);
  return bytes;
}

bool has_deadline(const actor::frozen::Descriptor& description) {
  for (const auto& message : description.mailbox) {
    if (message.left_ns) return true;
  }
  return description.left_ns.has_value();
}

// That the actor comes back from its file as it went into it.
Result<void> check_again(const Actor& actor, const std::shared_ptr<const guest::Module>& module) {
  const auto bytes = freeze(actor);
  if (!bytes) return check_reason(bytes.error());
  const auto file = actor::frozen::File::of(*bytes);
  if (!file) return pass_on(file, "Frozen again");
  DW_TRY(file->verify_checksums());
  auto thawed = actor::thaw(*file, actor.services(), module);
  if (!thawed) return pass_on(thawed, "Frozen again");
  const auto again = freeze(*thawed->actor);
  if (!again) return pass_on(again, "Frozen for the third time");
  if (!has_deadline(file->descriptor()) && *again != *bytes) {
    return broken("The file of the actor that was thawed again is another.");
  }
  return {};
}

}  // namespace

Result<FrozenFate> fate_of_frozen(std::span<const std::byte> bytes, const guest::Services& services,
                                  const std::shared_ptr<const guest::Module>& module,
                                  std::uint64_t most_steps) {
  const auto file = actor::frozen::File::of(bytes);
  if (!file) {
    DW_TRY(check_reason(file.error()));
    return FrozenFate::refused;
  }
  auto thawed = actor::thaw(*file, services, module);
  if (!thawed) {
    DW_TRY(check_reason(thawed.error()));
    return FrozenFate::refused;
  }
  Actor& actor = *thawed->actor;
  DW_TRY(check_own(actor));
  DW_TRY(check_again(actor, module));
  const auto ignore = [](std::string_view) {};
  for (std::uint64_t step = 0; step < most_steps && actor.is_ready(); ++step) {
    const auto status = actor.run(ignore, 1);
    DW_TRY(check_own(actor));
    if (status) continue;
    if (status.error().message().empty()) return broken("A step failed without a reason.");
    return FrozenFate::failed;
  }
  DW_TRY(check_again(actor, module));
  return FrozenFate::thawed;
}

}  // namespace driftwood::test
