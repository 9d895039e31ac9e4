// c = a * b, element by element; b is of a's shape, or one row [D] for all rows of a
#include "ops/definitions.h"
#include "ops/pairwise.h"

namespace driftwood::ops {
namespace {

Result<void> reference(const ReferenceCall& call) {
  return reference_pairwise(call, [](double a, double b) { return a * b; });
}

}  // namespace

constinit const OpDefinition kMultiply = {OpNumber::multiply, "multiply", check_pairwise,
                                          reference};

}  // namespace driftwood::ops
