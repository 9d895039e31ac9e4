#include "llama/config.h"

#include <gtest/gtest.h>

#include "json.h"

namespace driftwood::guests::llama {
namespace {

json small() {
  return {{"model_type", "llama"},          {"architectures", {"LlamaForCausalLM"}},
          {"hidden_act", "silu"},           {"hidden_size", 64},
          {"intermediate_size", 96},        {"num_hidden_layers", 2},
          {"num_attention_heads", 4},       {"num_key_value_heads", 2},
          {"max_position_embeddings", 128}, {"vocab_size", 300},
          {"rms_norm_eps", 1e-5},           {"rope_theta", 500000.0}};
}

json llama3_scaling() {
  return {{"rope_type", "llama3"},
          {"factor", 32.0},
          {"low_freq_factor", 1.0},
          {"high_freq_factor", 4.0},
          {"original_max_position_embeddings", 8192}};
}

sdk::Result<Config> parse(const json& config) {
  return parse_config(config.dump());
}

// The sentence that refuses small() with `key` set to `value`.
std::string refusal(const char* key, const json& value) {
  json config = small();
  config[key] = value;
  const auto parsed = parse(config);
  return parsed ? "accepted" : parsed.error().message;
}

TEST(Config, reads_sizes_and_derives_the_head_dimension) {
  const auto config = parse(small());
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->head_dim, 16u);
  EXPECT_EQ(config->key_head_count, 2u);
  EXPECT_EQ(config->most_positions, 128u);
  EXPECT_EQ(config->rope_theta, 500000.0);
  EXPECT_FALSE(config->rope.scaled);
  EXPECT_FALSE(config->tied_head);
}

TEST(Config, an_explicit_head_dimension_needs_no_divisible_width) {
  json config = small();
  config["hidden_size"] = 66;
  config["head_dim"] = 32;
  const auto parsed = parse(config);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->head_dim, 32u);
}

TEST(Config, key_heads_default_to_all_heads) {
  json config = small();
  config.erase("num_key_value_heads");
  EXPECT_EQ(parse(config)->key_head_count, 4u);
}

TEST(Config, rope_parameters_of_new_files_equal_the_old_keys) {
  json old_keys = small();
  old_keys["rope_scaling"] = llama3_scaling();
  json new_keys = small();
  new_keys.erase("rope_theta");
  new_keys["rope_parameters"] = llama3_scaling();
  new_keys["rope_parameters"]["rope_theta"] = 500000.0;
  const auto a = parse(old_keys), b = parse(new_keys);
  ASSERT_TRUE(a) << a.error().message;
  ASSERT_TRUE(b) << b.error().message;
  EXPECT_EQ(inverse_frequencies(*a), inverse_frequencies(*b));
  EXPECT_TRUE(a->rope.scaled);
}

TEST(Config, refusals_name_the_key_and_the_value) {
  EXPECT_EQ(refusal("model_type", "mistral"),
            "config.json: \"model_type\" is \"mistral\"; expected \"llama\".");
  EXPECT_EQ(refusal("architectures", {"LlamaForSequenceClassification"}),
            "config.json: \"architectures\" is [\"LlamaForSequenceClassification\"]; expected "
            "[\"LlamaForCausalLM\"].");
  EXPECT_EQ(refusal("hidden_act", "gelu"),
            "config.json: \"hidden_act\" is \"gelu\"; expected \"silu\".");
  EXPECT_EQ(refusal("attention_bias", true),
            "config.json: \"attention_bias\" is true; expected false.");
  EXPECT_EQ(refusal("mlp_bias", true), "config.json: \"mlp_bias\" is true; expected false.");
  EXPECT_EQ(refusal("num_key_value_heads", 3),
            "config.json: \"num_key_value_heads\" is 3; expected a divisor of "
            "\"num_attention_heads\" (4).");
  EXPECT_EQ(
      refusal("hidden_size", 66),
      "config.json: \"hidden_size\" is 66; expected a multiple of \"num_attention_heads\" (4).");
  EXPECT_EQ(refusal("head_dim", 15),
            "config.json: \"head_dim\" is 15; expected an even number from 2 to 1024.");
  EXPECT_EQ(refusal("vocab_size", -1),
            "config.json: \"vocab_size\" is -1; expected an integer from 1 to 16777216.");
  EXPECT_EQ(refusal("vocab_size", nullptr), "config.json has no \"vocab_size\".");
  EXPECT_EQ(refusal("num_hidden_layers", 2.5),
            "config.json: \"num_hidden_layers\" is 2.5; expected an integer from 1 to 2048.");
  EXPECT_EQ(
      refusal("rope_scaling", {{"type", "yarn"}, {"factor", 2.0}}),
      "config.json, RoPE parameters: \"type\" is \"yarn\"; expected \"default\" or \"llama3\".");
  EXPECT_EQ(refusal("partial_rotary_factor", 0.5),
            "config.json: \"partial_rotary_factor\" is 0.5; expected 1.");
  EXPECT_NE(refusal("quantization_config", {{"bits", 4}}), "accepted");
  EXPECT_NE(refusal("rope_scaling", "none"), "accepted");
}

TEST(Config, llama3_scaling_needs_all_its_numbers) {
  for (const char* key :
       {"factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"}) {
    json config = small();
    config["rope_scaling"] = llama3_scaling();
    config["rope_scaling"].erase(key);
    const auto parsed = parse(config);
    ASSERT_FALSE(parsed) << key;
    EXPECT_NE(parsed.error().message.find(key), std::string::npos) << parsed.error().message;
  }
  json config = small();
  config["rope_scaling"] = llama3_scaling();
  config["rope_scaling"]["high_freq_factor"] = 1.0;
  EXPECT_FALSE(parse(config));
}

TEST(Config, a_text_that_is_no_object_is_corrupt) {
  for (const char* text : {"", "[]", "{", "3", "{\"a\":\"\xff\"}"}) {
    const auto parsed = parse_config(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, DW_E_CORRUPT);
  }
}

TEST(Config, a_file_without_any_architecture_is_refused) {
  json config = small();
  config.erase("model_type");
  config.erase("architectures");
  EXPECT_EQ(parse(config).error().message,
            "config.json has neither \"model_type\" nor \"architectures\".");
}

TEST(Options, the_context_defaults_to_the_model_s_and_may_be_shorter) {
  const Config config = *parse(small());
  EXPECT_EQ(parse_options("{}", config, true)->context_rows, 128u);
  EXPECT_EQ(parse_options(R"({"context": 16})", config, true)->context_rows, 16u);
}

TEST(Options, a_longer_context_is_refused_with_both_numbers) {
  const auto options = parse_options(R"({"context": 129})", *parse(small()), true);
  ASSERT_FALSE(options);
  EXPECT_EQ(options.error().code, DW_E_LIMIT);
  EXPECT_EQ(options.error().message,
            "The context asked for (129 rows) is longer than the model allows (128, "
            "\"max_position_embeddings\").");
}

TEST(Options, the_cache_is_f32_for_f32_weights_and_bf16_otherwise) {
  const Config config = *parse(small());
  EXPECT_EQ(parse_options("{}", config, true)->kv_dtype, sdk::DType::f32);
  EXPECT_EQ(parse_options("{}", config, false)->kv_dtype, sdk::DType::bf16);
  EXPECT_EQ(parse_options(R"({"kv_dtype": "f16"})", config, true)->kv_dtype, sdk::DType::f16);
  EXPECT_FALSE(parse_options(R"({"kv_dtype": "i8"})", config, true));
  EXPECT_FALSE(parse_options(R"({"kvdtype": "f32"})", config, true));
  EXPECT_FALSE(parse_options(R"({"context": 0})", config, true));
}

}  // namespace
}  // namespace driftwood::guests::llama
