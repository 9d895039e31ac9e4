// Doing again what a frozen actor did, from the inputs that its file keeps.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "actor/frozen_file.h"
#include "core/error.h"
#include "guest/guest.h"
#include "guest/module.h"

namespace driftwood::actor {

struct Replay {
  std::uint64_t calls = 0;  // of the guest
  std::string difference;   // the first from what the file holds, for people; empty: none
};

// Starts a guest anew, gives it the messages, random bits, times and interruptions of the file's
// input log, has the device do its runs, and compares all of the guest but its clock and the count
// of what it logged with the file's: memory, states and registers byte for byte. A run that was
// interrupted is not done again: what such a run left in windows may differ. The actor's records go
// nowhere. Errors: as thaw(); corrupt for a log that cannot be this guest's.
Result<Replay> replay(const frozen::File& file, guest::Services services,
                      std::shared_ptr<const guest::Module> module);

}  // namespace driftwood::actor
