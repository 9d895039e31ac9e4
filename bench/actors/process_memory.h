// Memory of this process as Linux counts it.
#pragma once

#include <cstdint>
#include <string>

#include "core/error.h"

namespace driftwood::costs {

// A field of /proc/self/smaps_rollup ("Pss_Anon") or /proc/self/status ("RssAnon", "VmRSS"), in
// bytes. Errors: unsupported where there is no such file; not_found.
Result<std::uint64_t> memory_field(const std::string& file, const std::string& field);

// Memory files that are alive on the whole machine, mapped or not.
Result<std::uint64_t> shared_memory_bytes();

}  // namespace driftwood::costs
