// Models by name in the cache that Hugging Face's tools keep on this machine. Its layout:
// models--ORG--NAME/refs/main holds a commit, and snapshots/COMMIT/ the files, as links to blobs.
#pragma once

#include <string>

#include "core/error.h"

namespace driftwood::model {

// The model's folder: `name` itself where there is such a folder, otherwise the snapshot of its
// main branch in the cache `hub_folder`, if one is given. Errors: not_found, saying where it was
// looked for; corrupt for a reference that names no commit.
Result<std::string> find_folder(const std::string& name, const std::string& hub_folder);

}  // namespace driftwood::model
