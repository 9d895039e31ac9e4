// Runs a recogniser both as WebAssembly and as a part of this program, over random weights, and
// sees all that it wrote: the records, and the bits that each run left in its windows.
#pragma once

#include <string>
#include <vector>

#include "driftwood_program.hpp"

namespace driftwood::test {

// What a guest answers each message with must not depend on how it was compiled. `name` is that of
// the built-in guest whose sources are linked into this program; `program` the one that it records,
// which names its weights. A process can call this once.
void expect_the_same_natively(const std::string& name, const sdk::Program& program,
                              const std::vector<std::string>& messages);

}  // namespace driftwood::test
