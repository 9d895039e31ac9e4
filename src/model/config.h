// What the host itself reads of a config.json; everything else in it is the guest's business.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/error.h"

namespace driftwood::model {

// Each is nothing if it is absent or no count.
struct ConfigFacts {
  std::optional<std::uint64_t> vocab_size;
  std::optional<std::uint64_t> max_position_embeddings;
};

// Errors: corrupt for a text that is not one JSON object.
Result<ConfigFacts> read_config(std::string_view json);

}  // namespace driftwood::model
