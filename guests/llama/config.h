// What a checkpoint of the Llama family says about itself: config.json, the owner's options, and
// the dtypes and shapes of its weights, checked against each other before anything is computed.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "driftwood_program.hpp"
#include "driftwood_result.hpp"

namespace driftwood::guests::llama {

// Llama 3.1's stretching of the context, as the inverse frequencies are changed by it.
struct RopeScaling {
  bool scaled = false;
  double factor = 1, low_frequency_factor = 1, high_frequency_factor = 1;
  double original_context = 0;
};

struct Config {
  std::uint32_t hidden_size, intermediate_size, layer_count, head_count, key_head_count, head_dim;
  std::uint32_t vocabulary_size, most_positions;
  double epsilon, rope_theta;
  RopeScaling rope;
  bool tied_head;
};

// Errors: DW_E_CORRUPT for text that is no JSON object; otherwise the key and its value are named.
sdk::Result<Config> parse_config(std::string_view config_json);

// Inverse frequencies of the rotated pairs, head_dim / 2 of them.
std::vector<float> inverse_frequencies(const Config& config);

struct Options {
  std::uint32_t context_rows;
  sdk::DType kv_dtype;
};

// `all_f32`: whether every weight is f32, which decides the default of the cache's dtype.
// Errors: DW_E_LIMIT for a context above the model's, with both numbers.
sdk::Result<Options> parse_options(std::string_view options_json, const Config& config,
                                   bool all_f32);

struct Weight {
  std::string name;
  sdk::DType dtype;
};

struct LayerWeights {
  Weight input_norm, query, key, value, output, attention_norm, gate, up, down;
};

struct Weights {
  Weight embedding, norm, head;
  std::vector<LayerWeights> layers;
  bool all_f32 = true;
};

// Finds a weight's dtype and shape by name. Errors: DW_E_NOT_FOUND.
using FindWeight = std::function<sdk::Result<dw_weight_info>(std::string_view name)>;

// Errors: a weight that is missing, of another shape than the config says, or of a dtype that is
// not f32, bf16 or f16; a layer more than the config says.
sdk::Result<Weights> check_weights(const Config& config, const FindWeight& find);

}  // namespace driftwood::guests::llama
