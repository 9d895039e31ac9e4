// Index data as references read it: from a tensor of the guest, so any value may be there.
#pragma once

#include <cstdint>

#include "core/error.h"
#include "tensor/view.h"

namespace driftwood::ops {

// Element i of an i32 tensor, if it is below `limit`. Errors: invalid_argument.
Result<std::uint64_t> index_at(const tensor::View& indices, std::uint64_t i, std::uint64_t limit);

}  // namespace driftwood::ops
