#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "model/model.h"

namespace driftwood::model {
namespace {

std::span<const float> floats_of(const Model& model, const std::string& name,
                                 const tensor::Shape& shape) {
  const auto view = model.weights->find(name);
  EXPECT_TRUE(view) << name;
  EXPECT_EQ(view->shape, shape) << name;
  EXPECT_EQ(view->dtype, tensor::DType::f32);
  return {reinterpret_cast<const float*>(view->bytes.data()), view->bytes.size() / sizeof(float)};
}

TEST(SeededLlama, has_the_weights_that_its_config_promises) {
  const auto model = make_seeded_llama(1);
  EXPECT_EQ(model->tokenizer, nullptr);
  EXPECT_EQ(model->generation_config_json, "{}");
  const auto config = nlohmann::json::parse(model->config_json);
  const auto value = [&](const char* key) { return config.at(key).get<std::uint64_t>(); };
  const std::uint64_t hidden = value("hidden_size");
  const std::uint64_t keys = value("num_key_value_heads") * value("head_dim");
  EXPECT_EQ(hidden, 256u);
  EXPECT_EQ(value("num_hidden_layers"), 4u);

  std::uint64_t total = 0;
  const auto expect = [&](const std::string& name, const tensor::Shape& shape) {
    total += floats_of(*model, name, shape).size_bytes();
  };
  expect("model.embed_tokens.weight", {4096, hidden});
  expect("model.norm.weight", {hidden});
  expect("lm_head.weight", {4096, hidden});
  for (std::uint64_t layer = 0; layer < value("num_hidden_layers"); ++layer) {
    const std::string prefix = "model.layers." + std::to_string(layer) + ".";
    expect(prefix + "input_layernorm.weight", {hidden});
    expect(prefix + "self_attn.q_proj.weight", {hidden, hidden});
    expect(prefix + "self_attn.k_proj.weight", {keys, hidden});
    expect(prefix + "self_attn.v_proj.weight", {keys, hidden});
    expect(prefix + "self_attn.o_proj.weight", {hidden, hidden});
    expect(prefix + "post_attention_layernorm.weight", {hidden});
    expect(prefix + "mlp.gate_proj.weight", {value("intermediate_size"), hidden});
    expect(prefix + "mlp.up_proj.weight", {value("intermediate_size"), hidden});
    expect(prefix + "mlp.down_proj.weight", {hidden, value("intermediate_size")});
  }
  EXPECT_EQ(model->weight_bytes, total);
}

TEST(SeededLlama, is_the_same_for_a_seed_and_differs_for_another) {
  const tensor::Shape shape = {4096, 256};
  const auto one = make_seeded_llama(1), again = make_seeded_llama(1), two = make_seeded_llama(2);
  const auto head = floats_of(*one, "lm_head.weight", shape);
  EXPECT_TRUE(std::ranges::equal(head, floats_of(*again, "lm_head.weight", shape)));
  EXPECT_FALSE(std::ranges::equal(head, floats_of(*two, "lm_head.weight", shape)));
}

TEST(SeededLlama, has_weights_of_the_spread_that_keeps_activations_level) {
  const auto model = make_seeded_llama(3);
  const auto weights = floats_of(*model, "model.layers.2.mlp.down_proj.weight", {256, 768});
  double sum = 0, squares = 0;
  for (const float w : weights) {
    sum += w;
    squares += w * w;
  }
  const double count = static_cast<double>(weights.size());
  EXPECT_NEAR(sum / count, 0.0, 1e-3);
  EXPECT_NEAR(squares / count * 768, 1.0, 0.02);
}

TEST(SeededLlama, names_a_tensor_that_it_has_not) {
  const auto refused = make_seeded_llama(1)->weights->find("model.layers.4.input_layernorm.weight");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::not_found);
}

}  // namespace
}  // namespace driftwood::model
