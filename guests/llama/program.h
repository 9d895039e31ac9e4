// The computation of a Llama decoder, recorded as programs.
#pragma once

#include <cstdint>

#include "driftwood_program.hpp"
#include "llama/config.h"

namespace driftwood::guests::llama {

inline constexpr std::uint32_t kMostPieceRows = 512;  // rows of one run
inline constexpr std::uint32_t kMostLogitRows = 64;   // rows of one run whose logits are wanted
inline constexpr std::uint32_t kMostBest = 256;

// Best logits that the device gives for each row.
inline std::uint32_t best_count(const Config& config) {
  return config.vocabulary_size < kMostBest ? config.vocabulary_size : kMostBest;
}

// Symbols: T, rows of this piece; R, those of them whose logits are wanted, from 0.
struct DecoderProgram {
  sdk::Program program;
  sdk::Tensor ids;           // [T] i32
  sdk::Tensor positions;     // [T] i32
  sdk::Tensor frequencies;   // [head_dim / 2] f32
  sdk::Tensor rows;          // [R] i32, indices into the piece
  sdk::Tensor given_ids;     // [R, 1] i32
  sdk::Tensor hidden;        // [R, hidden_size] f32, what the head reads
  sdk::Tensor best_ids;      // [R, K] i32
  sdk::Tensor best_logits;   // [R, K] f32
  sdk::Tensor log_sum_exp;   // [R] f32
  sdk::Tensor given_logits;  // [R, 1] f32
};

// State slot 0: keys of layer l in plane 2l, values in plane 2l + 1.
DecoderProgram record_decoder(const Config& config, const Weights& weights, sdk::DType kv_dtype);

// One row of `hidden` to all its logits.
struct HeadProgram {
  sdk::Program program;
  sdk::Tensor hidden;  // [1, hidden_size] f32
  sdk::Tensor logits;  // [1, vocabulary_size] f32
};

HeadProgram record_head(const Config& config, const Weights& weights);

}  // namespace driftwood::guests::llama
