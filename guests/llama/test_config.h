// The model that tests check and record.
#pragma once

#include "llama/config.h"

namespace driftwood::guests::llama {

inline Config small_config(std::uint32_t layer_count, std::uint32_t vocabulary_size) {
  Config config = {};
  config.hidden_size = 8;
  config.intermediate_size = 12;
  config.layer_count = layer_count;
  config.head_count = 2;
  config.key_head_count = 1;
  config.head_dim = 4;
  config.vocabulary_size = vocabulary_size;
  config.epsilon = 1e-5;
  return config;
}

}  // namespace driftwood::guests::llama
