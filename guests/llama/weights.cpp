#include <initializer_list>

#include "llama/config.h"

namespace driftwood::guests::llama {
namespace {

std::string shape_text(const std::uint32_t* dims, std::uint32_t rank) {
  std::string text = "[";
  for (std::uint32_t i = 0; i < rank; ++i) text += (i == 0 ? "" : ", ") + std::to_string(dims[i]);
  return text + "]";
}

// Looks weights up and keeps the first fault.
class Checker {
 public:
  explicit Checker(const FindWeight& find) : find_(find) {}

  Weight weight(std::string name, std::initializer_list<std::uint32_t> shape) {
    Weight weight = {std::move(name), sdk::DType::f32};
    if (error) return weight;
    const auto info = find_(weight.name);
    if (!info) {
      error = info.error();
      return weight;
    }
    const std::uint32_t rank = static_cast<std::uint32_t>(shape.size());
    if (info->rank != rank || !std::equal(shape.begin(), shape.end(), info->dims)) {
      error = {DW_E_INVALID, "Weight \"" + weight.name + "\" has the shape " +
                                 shape_text(info->dims, std::min(info->rank, 6u)) +
                                 ", but config.json asks for " + shape_text(shape.begin(), rank) +
                                 "."};
    } else if (info->dtype != DW_F32 && info->dtype != DW_BF16 && info->dtype != DW_F16) {
      error = {DW_E_UNSUPPORTED, "Weight \"" + weight.name + "\" has dtype number " +
                                     std::to_string(info->dtype) + "; expected f32, bf16 or f16."};
    }
    weight.dtype = static_cast<sdk::DType>(info->dtype);
    all_f32 = all_f32 && info->dtype == DW_F32;
    return weight;
  }

  bool has(std::string_view name) const { return find_(name).has_value(); }

  std::optional<sdk::Error> error;
  bool all_f32 = true;

 private:
  const FindWeight& find_;
};

}  // namespace

sdk::Result<Weights> check_weights(const Config& config, const FindWeight& find) {
  constexpr std::string_view kEmbedding = "model.embed_tokens.weight";
  constexpr std::string_view kHead = "lm_head.weight";
  const std::uint32_t hidden = config.hidden_size;
  const std::uint32_t queries = config.head_count * config.head_dim;
  const std::uint32_t keys = config.key_head_count * config.head_dim;

  Checker check(find);
  Weights weights;
  // A tied table may be stored under either name.
  const bool only_head = check.has(kHead) && !check.has(kEmbedding);
  const bool only_embedding = check.has(kEmbedding) && !check.has(kHead);
  const std::string embedding(only_head ? kHead : kEmbedding);
  const std::string head(only_head                            ? kHead
                         : config.tied_head || only_embedding ? kEmbedding
                                                              : kHead);
  weights.embedding = check.weight(embedding, {config.vocabulary_size, hidden});
  weights.head = check.weight(head, {config.vocabulary_size, hidden});
  weights.norm = check.weight("model.norm.weight", {hidden});
  for (std::uint32_t i = 0; i < config.layer_count && !check.error; ++i) {
    const std::string layer = "model.layers." + std::to_string(i) + ".";
    weights.layers.push_back({
        .input_norm = check.weight(layer + "input_layernorm.weight", {hidden}),
        .query = check.weight(layer + "self_attn.q_proj.weight", {queries, hidden}),
        .key = check.weight(layer + "self_attn.k_proj.weight", {keys, hidden}),
        .value = check.weight(layer + "self_attn.v_proj.weight", {keys, hidden}),
        .output = check.weight(layer + "self_attn.o_proj.weight", {hidden, queries}),
        .attention_norm = check.weight(layer + "post_attention_layernorm.weight", {hidden}),
        .gate = check.weight(layer + "mlp.gate_proj.weight", {config.intermediate_size, hidden}),
        .up = check.weight(layer + "mlp.up_proj.weight", {config.intermediate_size, hidden}),
        .down = check.weight(layer + "mlp.down_proj.weight", {hidden, config.intermediate_size}),
    });
  }
  if (check.error) return std::unexpected(*check.error);
  const std::string beyond =
      "model.layers." + std::to_string(config.layer_count) + ".input_layernorm.weight";
  if (check.has(beyond)) {
    return sdk::fail(DW_E_INVALID, "The checkpoint has the weight \"" + beyond +
                                       "\", but config.json: \"num_hidden_layers\" is " +
                                       std::to_string(config.layer_count) + ".");
  }
  weights.all_f32 = check.all_f32;
  return weights;
}

}  // namespace driftwood::guests::llama
