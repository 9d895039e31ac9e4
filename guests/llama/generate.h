// Answers one request: prefill in pieces, then a token for each run.
#pragma once

#include "driftwood.hpp"
#include "llama/decoder.h"
#include "llama/request.h"

namespace driftwood::guests::llama {

// Writes all records but the error record. `arrival_ns`: when the request came, by sdk::now_ns().
// Errors: what is wrong with the prompt or with ids of the request; text or a stop string asked of
// a model that has no tokenizer; those of the device.
sdk::Task<sdk::Result<void>> generate(const sdk::Model& model, Decoder& decoder,
                                      const Defaults& defaults, Request request,
                                      std::uint64_t arrival_ns);

}  // namespace driftwood::guests::llama
