#include <gtest/gtest.h>

#include <map>

#include "llama/test_config.h"

namespace driftwood::guests::llama {
namespace {

Config small() {
  return small_config(1, 20);
}

using Table = std::map<std::string, dw_weight_info, std::less<>>;

Table table() {
  const std::string layer = "model.layers.0.";
  auto matrix = [](std::uint32_t rows, std::uint32_t columns) {
    return dw_weight_info{DW_F32, 2, {rows, columns}};
  };
  const dw_weight_info vector = {DW_F32, 1, {8}};
  return {{"model.embed_tokens.weight", matrix(20, 8)},
          {"lm_head.weight", matrix(20, 8)},
          {"model.norm.weight", vector},
          {layer + "input_layernorm.weight", vector},
          {layer + "post_attention_layernorm.weight", vector},
          {layer + "self_attn.q_proj.weight", matrix(8, 8)},
          {layer + "self_attn.k_proj.weight", matrix(4, 8)},
          {layer + "self_attn.v_proj.weight", matrix(4, 8)},
          {layer + "self_attn.o_proj.weight", matrix(8, 8)},
          {layer + "mlp.gate_proj.weight", matrix(12, 8)},
          {layer + "mlp.up_proj.weight", matrix(12, 8)},
          {layer + "mlp.down_proj.weight", matrix(8, 12)}};
}

sdk::Result<Weights> check(const Config& config, const Table& weights) {
  return check_weights(config, [&](std::string_view name) -> sdk::Result<dw_weight_info> {
    const auto found = weights.find(name);
    if (found != weights.end()) return found->second;
    return sdk::fail(DW_E_NOT_FOUND, "There is no weight \"" + std::string(name) + "\".");
  });
}

TEST(Weights, separate_tables_keep_their_names) {
  const auto weights = check(small(), table());
  ASSERT_TRUE(weights) << weights.error().message;
  EXPECT_EQ(weights->embedding.name, "model.embed_tokens.weight");
  EXPECT_EQ(weights->head.name, "lm_head.weight");
  EXPECT_TRUE(weights->all_f32);
}

TEST(Weights, a_tied_head_is_the_embedding_though_both_are_stored) {
  Config config = small();
  config.tied_head = true;
  EXPECT_EQ(check(config, table())->head.name, "model.embed_tokens.weight");
}

TEST(Weights, one_table_serves_as_both_under_either_name) {
  for (bool tied : {false, true}) {
    Config config = small();
    config.tied_head = tied;
    for (const char* absent : {"model.embed_tokens.weight", "lm_head.weight"}) {
      Table weights = table();
      weights.erase(absent);
      const auto checked = check(config, weights);
      ASSERT_TRUE(checked) << checked.error().message;
      EXPECT_EQ(checked->embedding.name, checked->head.name);
      EXPECT_NE(checked->head.name, absent);
    }
  }
}

TEST(Weights, a_missing_weight_is_named) {
  for (const auto& [name, info] : table()) {
    if (name == "model.embed_tokens.weight" || name == "lm_head.weight") continue;
    Table weights = table();
    weights.erase(name);
    const auto checked = check(small(), weights);
    ASSERT_FALSE(checked) << name;
    EXPECT_EQ(checked.error().message, "There is no weight \"" + name + "\".");
  }
}

TEST(Weights, another_shape_is_refused_with_both_shapes) {
  Table weights = table();
  weights["model.layers.0.mlp.up_proj.weight"].dims[0] = 13;
  const auto checked = check(small(), weights);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().message,
            "Weight \"model.layers.0.mlp.up_proj.weight\" has the shape [13, 8], but config.json "
            "asks for [12, 8].");
  weights = table();
  weights["model.norm.weight"].rank = 2;
  EXPECT_FALSE(check(small(), weights));
}

TEST(Weights, a_layer_more_than_the_config_says_is_refused_with_both) {
  Table weights = table();
  for (const auto& [name, info] : table()) {
    if (name.starts_with("model.layers.0.")) weights["model.layers.1." + name.substr(15)] = info;
  }
  const auto checked = check(small(), weights);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, DW_E_INVALID);
  EXPECT_EQ(checked.error().message,
            "The checkpoint has the weight \"model.layers.1.input_layernorm.weight\", but "
            "config.json: \"num_hidden_layers\" is 1.");
  EXPECT_TRUE(check(small_config(2, 20), weights));
}

TEST(Weights, another_dtype_is_refused_and_16_bits_are_noticed) {
  Table weights = table();
  weights["model.norm.weight"].dtype = DW_I32;
  EXPECT_EQ(check(small(), weights).error().code, DW_E_UNSUPPORTED);
  weights["model.norm.weight"].dtype = DW_BF16;
  const auto checked = check(small(), weights);
  ASSERT_TRUE(checked);
  EXPECT_FALSE(checked->all_f32);
  EXPECT_EQ(checked->norm.dtype, sdk::DType::bf16);
}

}  // namespace
}  // namespace driftwood::guests::llama
