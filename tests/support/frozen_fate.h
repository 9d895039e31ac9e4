// What becomes of bytes that may be a frozen actor: refused with a reason, or thawed to an actor
// that can still touch only its own. Tests and the fuzz target `frozen_actor` ask for that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "actor/actor.h"
#include "guest/module.h"

namespace driftwood::test {

enum class FrozenFate { refused, failed, thawed };

// Thaws the bytes, makes up to `most_steps` steps, freezes the actor again and thaws that. Errors:
// a sentence that says what of this went another way than it may.
Result<FrozenFate> fate_of_frozen(std::span<const std::byte> bytes, const guest::Services& services,
                                  const std::shared_ptr<const guest::Module>& module,
                                  std::uint64_t most_steps);

}  // namespace driftwood::test
