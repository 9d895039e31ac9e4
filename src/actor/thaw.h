// Making an actor of its file again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "actor/actor.h"
#include "actor/frozen_file.h"
#include "core/error.h"
#include "guest/guest.h"
#include "guest/module.h"

namespace driftwood::actor {

// What is guaranteed of an actor that was thawed.
enum class Sameness {
  identical,   // it goes on with the bits that it would have had
  same_state,  // its state is exact, but this device orders its sums in another way
};

struct Thawed {
  std::unique_ptr<Actor> actor;
  Sameness sameness;
  std::uint64_t rows;        // of its states, together
  std::uint64_t bytes_read;  // of the file, headers included
};

// The module's bytes that the file holds. Errors: not_found for a thin file, with the module's
// SHA-256; corrupt when they are not those of the digest; io.
Result<std::vector<std::byte>> module_of(const frozen::File& file);

// What the file says, states and registers made on the services' device; the guest's memory is
// filled by fill_memory() when its region is there. Errors: as thaw().
Result<Snapshot> read_snapshot(const frozen::File& file, const guest::Services& services,
                               std::shared_ptr<const guest::Module> module);

// The same without asking whether module, which may be null, and model are the actor's own.
Result<Snapshot> load_snapshot(const frozen::File& file, const guest::Services& services,
                               std::shared_ptr<const guest::Module> module);

// Writes the file's pages into a region, whose committed bytes are zero. Errors: corrupt; io.
Result<void> fill_memory(const frozen::File& file, memory::Region& region);

// Makes the actor, every number of the file checked against what such an actor may have.
// `services.options_json` is the file's. The checksums of the memory's pages, of the rows of states
// and of the module are not compared (frozen::File::verify_checksums); the others are.
// Errors: invalid_argument for another module or model than the actor had, with both digests;
// unsupported for a newer ABI; corrupt for what no actor can be; limit for more than the services
// allow; io; out_of_memory.
Result<Thawed> thaw(const frozen::File& file, guest::Services services,
                    std::shared_ptr<const guest::Module> module);

}  // namespace driftwood::actor
