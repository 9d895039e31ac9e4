#include "llama/config.h"

#include "json.h"

namespace driftwood::guests::llama {
namespace {

constexpr std::int64_t kMostSize = 1 << 24;  // of any width; keeps products within 64 bits
constexpr std::int64_t kMostLayers = 2048;   // each has two planes of a state

// Where the numbers of RoPE are: at the top level, or in one object of newer files.
const json& rope_object(ObjectReader& reader) {
  static const json empty = json::object();
  for (const char* key : {"rope_parameters", "rope_scaling"}) {
    if (!reader.has(key)) continue;
    if (reader[key].is_object()) return reader[key];
    reader.wrong(key, reader[key], "an object");
  }
  return empty;
}

void read_rope(ObjectReader& reader, Config& config) {
  ObjectReader rope(rope_object(reader), "config.json, RoPE parameters");
  const double theta = reader.number("rope_theta", 1, 1e12, 10000);
  config.rope_theta = rope.number("rope_theta", 1, 1e12, theta);
  for (ObjectReader* place : {&reader, &rope}) {
    if (place->number("partial_rotary_factor", 0, 1, 1) != 1) {
      place->wrong("partial_rotary_factor", (*place)["partial_rotary_factor"], "1",
                   DW_E_UNSUPPORTED);
    }
  }
  const char* type_key = rope.has("rope_type") ? "rope_type" : "type";
  const std::string type = rope.string(type_key, "default");
  if (type == "llama3") {
    const bool own_original = rope.has("original_max_position_embeddings");
    config.rope = {true, rope.number("factor", 1, 1e6), rope.number("low_freq_factor", 1e-6, 1e6),
                   rope.number("high_freq_factor", 1e-6, 1e6),
                   own_original ? rope.number("original_max_position_embeddings", 1, kMostSize)
                                : reader.number("original_max_position_embeddings", 1, kMostSize)};
    if (!rope.error() && config.rope.high_frequency_factor <= config.rope.low_frequency_factor) {
      rope.wrong("high_freq_factor", rope["high_freq_factor"],
                 "more than \"low_freq_factor\" (" + rope["low_freq_factor"].dump() + ")");
    }
  } else if (type != "default") {
    rope.wrong(type_key, rope[type_key], "\"default\" or \"llama3\"", DW_E_UNSUPPORTED);
  }
  if (rope.error()) reader.fault(rope.error()->code, rope.error()->message);
}

// This guest computes one architecture; what a file asks for beyond that is refused by name.
void refuse_other_architectures(ObjectReader& reader) {
  if (reader.has("model_type")) {
    if (reader["model_type"] != "llama") {
      reader.wrong("model_type", reader["model_type"], "\"llama\"", DW_E_UNSUPPORTED);
    }
  } else if (!reader.has("architectures")) {
    reader.fault(DW_E_INVALID, "config.json has neither \"model_type\" nor \"architectures\".");
  }
  if (reader.has("architectures") && reader["architectures"] != json::array({"LlamaForCausalLM"})) {
    reader.wrong("architectures", reader["architectures"], "[\"LlamaForCausalLM\"]",
                 DW_E_UNSUPPORTED);
  }
  if (reader.has("hidden_act") && reader["hidden_act"] != "silu") {
    reader.wrong("hidden_act", reader["hidden_act"], "\"silu\"", DW_E_UNSUPPORTED);
  }
  for (const char* key : {"attention_bias", "mlp_bias"}) {
    if (reader.boolean(key, false)) reader.wrong(key, reader[key], "false", DW_E_UNSUPPORTED);
  }
  if (reader.has("quantization_config")) {
    reader.wrong("quantization_config", reader["quantization_config"],
                 "none, since quantised checkpoints are not read", DW_E_UNSUPPORTED);
  }
}

void read_heads(ObjectReader& reader, Config& config) {
  config.head_count = static_cast<std::uint32_t>(reader.integer("num_attention_heads", 1, 1024));
  config.key_head_count =
      static_cast<std::uint32_t>(reader.integer("num_key_value_heads", 1, 1024, config.head_count));
  if (config.head_count % config.key_head_count != 0) {
    reader.wrong(
        "num_key_value_heads", config.key_head_count,
        "a divisor of \"num_attention_heads\" (" + std::to_string(config.head_count) + ")");
  }
  if (!reader.has("head_dim") && config.hidden_size % config.head_count != 0) {
    reader.wrong(
        "hidden_size", config.hidden_size,
        "a multiple of \"num_attention_heads\" (" + std::to_string(config.head_count) + ")");
  }
  const std::uint32_t head_dim = config.hidden_size / config.head_count;
  config.head_dim = reader.has("head_dim")
                        ? static_cast<std::uint32_t>(reader.integer("head_dim", 2, 1024))
                        : head_dim;
  if (config.head_dim % 2 != 0 || config.head_dim == 0 || config.head_dim > 1024) {
    reader.wrong("head_dim", config.head_dim, "an even number from 2 to 1024");
  }
}

sdk::Result<json> parse_object(std::string_view text, const std::string& where) {
  json object = json::parse(text, nullptr, false);
  if (!object.is_object()) return sdk::fail(DW_E_CORRUPT, where + " is not a JSON object.");
  return object;
}

}  // namespace

sdk::Result<Config> parse_config(std::string_view config_json) {
  const auto object = parse_object(config_json, "config.json");
  if (!object) return std::unexpected(object.error());
  ObjectReader reader(*object, "config.json");
  refuse_other_architectures(reader);

  Config config = {};
  auto size = [&](const char* key) {
    return static_cast<std::uint32_t>(reader.integer(key, 1, kMostSize));
  };
  config.hidden_size = size("hidden_size");
  config.intermediate_size = size("intermediate_size");
  config.vocabulary_size = size("vocab_size");
  config.layer_count =
      static_cast<std::uint32_t>(reader.integer("num_hidden_layers", 1, kMostLayers));
  config.most_positions =
      static_cast<std::uint32_t>(reader.integer("max_position_embeddings", 1, kMostSize, 2048));
  config.epsilon = reader.number("rms_norm_eps", 0, 1, 1e-6);
  config.tied_head = reader.boolean("tie_word_embeddings", false);
  read_heads(reader, config);
  read_rope(reader, config);
  if (reader.error()) return std::unexpected(*reader.error());
  return config;
}

sdk::Result<Options> parse_options(std::string_view options_json, const Config& config,
                                   bool all_f32) {
  const auto object = parse_object(options_json, "The options");
  if (!object) return std::unexpected(object.error());
  ObjectReader reader(*object, "The options");
  for (const auto& [key, value] : object->items()) {
    if (key != "context" && key != "kv_dtype") reader.wrong(key.c_str(), value, "no such key");
  }
  Options options = {};
  const std::int64_t context =
      reader.integer("context", 1, std::numeric_limits<std::int32_t>::max(), config.most_positions);
  if (context > config.most_positions) {
    reader.fault(DW_E_LIMIT, "The context asked for (" + std::to_string(context) +
                                 " rows) is longer than the model allows (" +
                                 std::to_string(config.most_positions) +
                                 ", \"max_position_embeddings\").");
  }
  options.context_rows = static_cast<std::uint32_t>(context);
  const std::string kv = reader.string("kv_dtype", all_f32 ? "f32" : "bf16");
  options.kv_dtype = kv == "f32"   ? sdk::DType::f32
                     : kv == "f16" ? sdk::DType::f16
                                   : sdk::DType::bf16;
  if (kv != "f32" && kv != "f16" && kv != "bf16") {
    reader.wrong("kv_dtype", kv, "\"f32\", \"bf16\" or \"f16\"");
  }
  if (reader.error()) return std::unexpected(*reader.error());
  return options;
}

}  // namespace driftwood::guests::llama
