// Going on with a frozen conversation, for `driftwood run --resume` and `driftwood thaw`.
#pragma once

#include <driftwood/runtime.h>

#include <cstdint>
#include <optional>
#include <string>

#include "cli/saving.h"
#include "cli/thawing.h"

namespace driftwood::cli {

struct ResumeOptions {
  FrozenOptions frozen;
  SaveOptions save;
  bool json = false;
  bool report = false;                 // what came of the thaw, to standard error
  bool reprefill = false;              // compute the tokens again instead
  std::optional<std::string> message;  // sent behind what is under way
  std::optional<std::uint64_t> timeout_ns;
};

// Prints what follows. Gives the exit code; kUsage where nothing is under way, no message is sent
// and no report is asked for.
int resume(const Runtime& runtime, const ResumeOptions& options);

}  // namespace driftwood::cli
