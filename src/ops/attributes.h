// What rules need of attributes besides their values.
#pragma once

#include <span>
#include <string>

#include "ops/op.h"

namespace driftwood::ops {

// "epsilon", or "number 7" for an id that is not known.
std::string attribute_name(AttributeId id);

// Whether every attribute is one of `taken` and is given once. That a needed one is there and of
// the right kind is what reading it answers. Errors: invalid_argument.
Result<void> expect_attributes(const Attributes& attributes, std::span<const AttributeId> taken);

// The integer of this id. Errors: invalid_argument where it is missing or not within the limits.
Result<std::int64_t> integer_within(const Attributes& attributes, AttributeId id,
                                    std::int64_t least, std::int64_t most);

// The attribute epsilon. Errors: invalid_argument where it is missing or not within 0 and 1.
Result<double> epsilon_of(const Attributes& attributes);

}  // namespace driftwood::ops
