// What ops have to read, for judging their time.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "graph/program.h"

namespace driftwood {

// Bytes of weights and of the cache that one op reads in a run of one row after `past_rows` rows.
// Rows of activations are left out: they are in the caches.
double op_bytes(const graph::Program& program, std::uint32_t op, std::uint32_t past_rows);

// The same for all ops.
double run_bytes(const graph::Program& program, std::uint32_t past_rows);

// The part of run_bytes() that is the cache's.
double cache_bytes(const graph::Program& program, std::uint32_t past_rows);

// Multiplications and additions of the `linear` ops of a run at these symbol values. Attention is
// left out: next to them it is little, and it does not grow with the weights.
double linear_flops(const graph::Program& program, std::span<const std::uint32_t> symbols);

// The op's name with the shape and dtype of its first weight: "linear 2048 x 8192 bf16".
std::string op_label(const graph::Program& program, std::uint32_t op);

}  // namespace driftwood
