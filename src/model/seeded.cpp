#include <cmath>
#include <map>
#include <utility>

#include "model/model.h"

namespace driftwood::model {
namespace {

constexpr std::uint64_t kLayers = 4;
constexpr std::uint64_t kHidden = 256;
constexpr std::uint64_t kIntermediate = 768;
constexpr std::uint64_t kHeads = 4;
constexpr std::uint64_t kKeyHeads = 2;
constexpr std::uint64_t kHeadDim = kHidden / kHeads;
constexpr std::uint64_t kVocabulary = 4096;

// SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every platform.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  // Uniform in [-1, 1), in steps of 2^-23.
  float next() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t bits = state_;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
    bits ^= bits >> 31;
    return static_cast<float>(bits >> 40) * 0x1p-23f - 1.0f;
  }

 private:
  std::uint64_t state_;
};

// Threads: const members may be called by several threads at once.
class SeededWeights final : public device::WeightSource {
 public:
  explicit SeededWeights(std::uint64_t seed) : random_(seed) {
    add_matrix("model.embed_tokens.weight", kVocabulary, kHidden);
    for (std::uint64_t layer = 0; layer < kLayers; ++layer) add_layer(layer);
    add_norm("model.norm.weight");
    add_matrix("lm_head.weight", kVocabulary, kHidden);
  }

  Result<tensor::View> find(std::string_view name) const override {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) {
      return fail(ErrorCode::not_found, "The seeded model has no tensor \"{}\".",
                  name.substr(0, 200));
    }
    const auto& [shape, values] = found->second;
    return tensor::View{tensor::DType::f32, shape, std::as_bytes(std::span(values))};
  }

  std::vector<std::string> names() const override {
    std::vector<std::string> all;
    for (const auto& [name, weight] : tensors_) all.push_back(name);
    return all;
  }

  std::uint64_t weight_bytes() const {
    std::uint64_t total = 0;
    for (const auto& [name, tensor] : tensors_) total += tensor.values.size() * sizeof(float);
    return total;
  }

 private:
  struct Tensor {
    tensor::Shape shape;
    std::vector<float> values;
  };

  void add_layer(std::uint64_t layer) {
    const std::string prefix = fmt::format("model.layers.{}.", layer);
    add_norm(prefix + "input_layernorm.weight");
    add_matrix(prefix + "self_attn.q_proj.weight", kHeads * kHeadDim, kHidden);
    add_matrix(prefix + "self_attn.k_proj.weight", kKeyHeads * kHeadDim, kHidden);
    add_matrix(prefix + "self_attn.v_proj.weight", kKeyHeads * kHeadDim, kHidden);
    add_matrix(prefix + "self_attn.o_proj.weight", kHidden, kHeads * kHeadDim);
    add_norm(prefix + "post_attention_layernorm.weight");
    add_matrix(prefix + "mlp.gate_proj.weight", kIntermediate, kHidden);
    add_matrix(prefix + "mlp.up_proj.weight", kIntermediate, kHidden);
    add_matrix(prefix + "mlp.down_proj.weight", kHidden, kIntermediate);
  }

  // Uniform with variance 1 / columns, so that a product keeps the size of its input.
  void add_matrix(std::string name, std::uint64_t rows, std::uint64_t columns) {
    const float most = std::sqrt(3.0f / static_cast<float>(columns));
    std::vector<float> values(rows * columns);
    for (float& value : values) value = most * random_.next();
    tensors_.emplace(std::move(name), Tensor{{rows, columns}, std::move(values)});
  }

  void add_norm(std::string name) {
    tensors_.emplace(std::move(name), Tensor{{kHidden}, std::vector<float>(kHidden, 1.0f)});
  }

  Random random_;
  std::map<std::string, Tensor, std::less<>> tensors_;
};

std::string config_json() {
  return fmt::format(
      R"({{"architectures":["LlamaForCausalLM"],"model_type":"llama","hidden_act":"silu",)"
      R"("hidden_size":{},"intermediate_size":{},"num_hidden_layers":{},"num_attention_heads":{},)"
      R"("num_key_value_heads":{},"head_dim":{},"vocab_size":{},"max_position_embeddings":2048,)"
      R"("rms_norm_eps":1e-5,"rope_theta":10000.0,"tie_word_embeddings":false}})",
      kHidden, kIntermediate, kLayers, kHeads, kKeyHeads, kHeadDim, kVocabulary);
}

}  // namespace

std::shared_ptr<const Model> make_seeded_llama(std::uint64_t seed) {
  const auto weights = std::make_shared<const SeededWeights>(seed);
  auto model = std::make_shared<Model>();
  model->name = "seeded";
  model->config_json = config_json();
  model->generation_config_json = "{}";
  model->weights = weights;
  model->weight_bytes = weights->weight_bytes();
  return model;
}

}  // namespace driftwood::model
