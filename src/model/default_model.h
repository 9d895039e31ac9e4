// The model that comes with Driftwood.
#pragma once

#include <string>

#include "core/error.h"

namespace driftwood::model {

// Its folder, for a program in `program_folder`: models/default there, or, for an installed one,
// share/driftwood/models/default in the folder above. Errors: not_found, saying where it was looked
// for.
Result<std::string> find_default_folder(const std::string& program_folder);

}  // namespace driftwood::model
