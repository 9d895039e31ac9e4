#include "llama/request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "json.h"

namespace driftwood::guests::llama {
namespace {

constexpr std::int64_t kMostId = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMostSeed = std::int64_t{1} << 53;
constexpr double kMostTemperature = 100;
constexpr double kMostPenalty = 100;
constexpr double kMostBias = 100;  // of either sign
constexpr std::size_t kMostBiases = 1024;
constexpr std::size_t kMostStops = 16;
constexpr std::size_t kMostStopBytes = 1024;

constexpr std::array kRequestKeys = {
    "prompt",        "prompt_ids",   "max_tokens",   "temperature",
    "top_k",         "top_p",        "min_p",        "repetition_penalty",
    "logit_bias",    "stop",         "seed",         "ignore_eos",
    "prefill_piece", "output",       "top_logprobs", "prompt_logprobs",
    "score_from",    "reuse_prefix", "answered"};

std::uint32_t read_count(ObjectReader& reader, const char* key, std::uint32_t absent) {
  constexpr std::uint32_t kMost = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(reader.integer(key, 0, kMost, absent));
}

// A number greater than 0.
double read_positive(ObjectReader& reader, const char* key, double most, double absent) {
  if (!reader.has(key)) return absent;
  const json& value = reader[key];
  const double number = value.is_number() ? value.get<double>() : 0;
  if (number > 0 && number <= most) return number;
  reader.wrong(key, value,
               "a number greater than 0 and at most " + std::to_string(std::lround(most)));
  return absent;
}

double read_penalty(ObjectReader& reader, double absent) {
  return read_positive(reader, "repetition_penalty", kMostPenalty, absent);
}

// The id that is spelt out; nothing for any other text.
std::optional<std::int32_t> id_of(const std::string& text) {
  std::int32_t id = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (problem != std::errc() || end != text.data() + text.size() || id < 0) return {};
  return id;
}

std::map<std::int32_t, double> read_logit_bias(ObjectReader& reader) {
  if (!reader.has("logit_bias")) return {};
  const json& value = reader["logit_bias"];
  std::map<std::int32_t, double> biases;
  const std::string expected = "an object of at most " + std::to_string(kMostBiases) +
                               " token ids, each with a number from -100 to 100";
  if (!value.is_object() || value.size() > kMostBiases) {
    reader.wrong("logit_bias", value, expected);
    return {};
  }
  for (const auto& [key, bias] : value.items()) {
    const auto id = id_of(key);
    const bool holds = bias.is_number() && std::abs(bias.get<double>()) <= kMostBias;
    if (!id || !holds || !biases.emplace(*id, bias.get<double>()).second) {
      reader.wrong("logit_bias", {{key, bias}}, expected);
      return {};
    }
  }
  return biases;
}

// A string or an array of strings.
std::vector<std::string> read_stop(ObjectReader& reader) {
  if (!reader.has("stop")) return {};
  const json& value = reader["stop"];
  const auto is_stop = [](const json& stop) {
    if (!stop.is_string()) return false;
    const auto& text = stop.get_ref<const std::string&>();
    return !text.empty() && text.size() <= kMostStopBytes;
  };
  // A loop over a string meets the string itself.
  if (value.is_object() || value.size() > kMostStops ||
      !std::all_of(value.begin(), value.end(), is_stop)) {
    reader.wrong("stop", value,
                 "a string or at most " + std::to_string(kMostStops) + " strings, each of 1 to " +
                     std::to_string(kMostStopBytes) + " bytes");
    return {};
  }
  return {value.begin(), value.end()};
}

SamplerSettings read_sampler(ObjectReader& reader, const SamplerSettings& absent) {
  return {reader.number("temperature", 0, kMostTemperature, absent.temperature),
          static_cast<std::uint32_t>(reader.integer("top_k", 0, kMostId, absent.top_k)),
          read_positive(reader, "top_p", 1, absent.top_p),
          reader.number("min_p", 0, 1, absent.min_p)};
}

// An id or an array of ids.
std::vector<std::int32_t> read_ids(ObjectReader& reader, const char* key) {
  const json& value = reader[key];
  const auto is_id = [](const json& id) { return ObjectReader::is_integer_within(id, 0, kMostId); };
  // A loop over a number meets the number itself.
  if (value.is_object() || !std::all_of(value.begin(), value.end(), is_id)) {
    reader.wrong(key, value, "token ids, which are integers from 0");
    return {};
  }
  std::vector<std::int32_t> ids;
  ids.reserve(value.size());
  for (const json& id : value) ids.push_back(id.get<std::int32_t>());
  return ids;
}

void read_prompt(ObjectReader& reader, Request& request) {
  if (reader.has("prompt") == reader.has("prompt_ids")) {
    const bool both = reader.has("prompt");
    reader.fault(DW_E_INVALID, both ? "The request has both \"prompt\" and \"prompt_ids\"; "
                                      "exactly one is needed."
                                    : "The request has neither \"prompt\" nor \"prompt_ids\"; "
                                      "exactly one is needed.");
  } else if (reader.has("prompt")) {
    request.prompt = reader.string("prompt", "");
  } else if (!reader["prompt_ids"].is_array()) {
    reader.wrong("prompt_ids", reader["prompt_ids"], "an array of token ids");
  } else {
    request.prompt_ids = read_ids(reader, "prompt_ids");
  }
}

void read_output(ObjectReader& reader, Request& request) {
  const std::string output = reader.string("output", "text");
  request.reports_tokens = output == "tokens";
  if (output != "text" && output != "tokens") {
    reader.wrong("output", output, "\"text\" or \"tokens\"");
  }
  request.top_logprobs = static_cast<std::uint32_t>(reader.integer("top_logprobs", 0, 20, 0));
  request.prompt_logprobs = reader.boolean("prompt_logprobs", false);
  for (const char* key : {"top_logprobs", "prompt_logprobs"}) {
    const bool asked = key[0] == 't' ? request.top_logprobs > 0 : request.prompt_logprobs;
    if (asked && !request.reports_tokens) {
      reader.fault(DW_E_INVALID,
                   std::string("The request: \"") + key + "\" needs \"output\": \"tokens\".");
    }
  }
}

}  // namespace

sdk::Result<Defaults> parse_defaults(std::string_view generation_json,
                                     std::string_view config_json) {
  const json generation = json::parse(generation_json, nullptr, false);
  if (!generation.is_object()) {
    return sdk::fail(DW_E_CORRUPT, "generation_config.json is not a JSON object.");
  }
  const json config = json::parse(config_json, nullptr, false);
  if (!config.is_object()) return sdk::fail(DW_E_CORRUPT, "config.json is not a JSON object.");

  Defaults defaults;
  ObjectReader reader(generation, "generation_config.json");
  defaults.sampler = read_sampler(reader, {});
  defaults.repetition_penalty = read_penalty(reader, 1);
  defaults.max_tokens = read_count(reader, "max_new_tokens", defaults.max_tokens);
  if (!reader.boolean("do_sample", true)) defaults.sampler.temperature = 0;
  ObjectReader config_reader(config, "config.json");
  for (ObjectReader* place : {&reader, &config_reader}) {
    if (defaults.eos_ids.empty() && place->has("eos_token_id")) {
      defaults.eos_ids = read_ids(*place, "eos_token_id");
    }
    if (place->error()) return std::unexpected(*place->error());
  }
  return defaults;
}

sdk::Result<Request> parse_request(std::string_view message, const Defaults& defaults) {
  const json object = json::parse(message, nullptr, false);
  if (!object.is_object()) {
    return sdk::fail(DW_E_INVALID, "The request is not a JSON object in UTF-8.");
  }
  ObjectReader reader(object, "The request");
  for (const auto& [key, value] : object.items()) {
    if (std::find(kRequestKeys.begin(), kRequestKeys.end(), key) == kRequestKeys.end()) {
      reader.fault(DW_E_INVALID, "The request has the key \"" + key + "\", which is not known.");
    } else if (value.is_null()) {
      reader.wrong(key.c_str(), value, "a value");
    }
  }
  Request request;
  read_prompt(reader, request);
  request.max_tokens = read_count(reader, "max_tokens", defaults.max_tokens);
  request.sampler = read_sampler(reader, defaults.sampler);
  request.repetition_penalty = read_penalty(reader, defaults.repetition_penalty);
  request.logit_bias = read_logit_bias(reader);
  request.stop = read_stop(reader);
  if (reader.has("seed")) {
    request.seed = static_cast<std::uint64_t>(reader.integer("seed", 0, kMostSeed));
  }
  request.ignore_eos = reader.boolean("ignore_eos", false);
  request.prefill_piece = static_cast<std::uint32_t>(reader.integer("prefill_piece", 1, 512, 512));
  request.reuse_prefix = reader.boolean("reuse_prefix", true);
  request.answered = static_cast<std::uint32_t>(reader.integer("answered", 0, kMostId, 0));
  read_output(reader, request);
  if (reader.has("score_from")) {
    request.score_from = static_cast<std::uint32_t>(reader.integer("score_from", 1, kMostId));
  }
  if (reader.error()) return std::unexpected(*reader.error());
  return request;
}

}  // namespace driftwood::guests::llama
