// Answers one request: prefill in pieces, then a token for each run.
#pragma once

#include "driftwood.hpp"
#include "llama/decoder.h"
#include "llama/request.h"

namespace driftwood::guests::llama {

// Writes all records but the error record. Errors: what is wrong with the prompt; those of the
// device.
sdk::Task<sdk::Result<void>> generate(const sdk::Model& model, Decoder& decoder,
                                      const Defaults& defaults, Request request);

}  // namespace driftwood::guests::llama
