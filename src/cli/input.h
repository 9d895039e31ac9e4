// What the user hands over in files and on standard input.
#pragma once

#include <driftwood/result.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace driftwood::cli {

// All bytes of a file; "-" is standard input.
// Errors: not_found or io with the system's reason; limit above `most_bytes`.
Result<std::string> read_input(const std::string& path, std::uint64_t most_bytes);

// Token ids separated by commas. Errors: invalid_argument for anything else.
Result<std::vector<std::int32_t>> parse_ids(const std::string& text);

// Of "ID:BIAS" pairs; the last one for an id counts. Errors: invalid_argument for anything else.
Result<std::map<std::int32_t, double>> parse_logit_bias(const std::vector<std::string>& pairs);

}  // namespace driftwood::cli
