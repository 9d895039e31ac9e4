// Whether two programs are the same computation. A hash is not enough: a guest could be written to
// collide with another guest's program and be handed its executable.
#pragma once

#include "graph/program.h"

namespace driftwood::device {

bool equal(const graph::Program& a, const graph::Program& b);

}  // namespace driftwood::device
