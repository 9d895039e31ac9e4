// A guest that never answers: it computes without end inside the call that brings a message.
#include <cstdint>

#include "driftwood.h"

std::int32_t driftwood_start() {
  return DW_NEXT_IDLE;
}

std::int32_t driftwood_resume(std::int32_t, std::int32_t) {
  for (volatile std::int32_t turns = 0;;) turns = turns + 1;
}
