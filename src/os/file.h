// Whole files, read at once.
#pragma once

#include <string>

#include "core/error.h"

namespace driftwood::os {

// The file's bytes. Errors: not_found, io, limit above `most_bytes`.
Result<std::string> read_file(const std::string& path, std::uint64_t most_bytes);

// Whether a file or folder is there.
bool file_exists(const std::string& path);
bool folder_exists(const std::string& path);

}  // namespace driftwood::os
