// JSON for guests: the library without exceptions, a reader of objects whose faults are sentences,
// and the error record.
#pragma once

#define JSON_NOEXCEPTION
// In a native build the host has the library too, with exceptions: two namespaces keep the two
// apart.
#define NLOHMANN_JSON_NAMESPACE nlohmann::json_of_guests
#define NLOHMANN_JSON_NAMESPACE_BEGIN \
  namespace nlohmann {                \
  inline namespace json_of_guests {
#define NLOHMANN_JSON_NAMESPACE_END \
  }                                 \
  }
#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "driftwood_result.hpp"
#include "nlohmann/json.hpp"

namespace driftwood::guests {

using nlohmann::json;

// Reads the members of one object and keeps the first fault. After a fault members read as their
// defaults, so that a caller reads everything and asks once.
class ObjectReader {
 public:
  // `where` opens the sentences: "config.json", "The request".
  ObjectReader(const json& object, std::string where) : object_(object), where_(std::move(where)) {}

  // Absent, or null in a file where that says the same.
  bool has(const char* key) const { return object_.contains(key) && !object_[key].is_null(); }
  const json& operator[](const char* key) const { return object_[key]; }

  std::int64_t integer(const char* key, std::int64_t least, std::int64_t most,
                       std::optional<std::int64_t> absent = {}) {
    const json* value = find(key, !absent);
    if (value == nullptr) return absent.value_or(least);
    if (is_integer_within(*value, least, most)) return value->get<std::int64_t>();
    wrong(key, *value, "an integer from " + std::to_string(least) + " to " + std::to_string(most));
    return least;
  }

  double number(const char* key, double least, double most, std::optional<double> absent = {}) {
    const json* value = find(key, !absent);
    if (value == nullptr) return absent.value_or(least);
    if (value->is_number() && value->get<double>() >= least && value->get<double>() <= most) {
      return value->get<double>();
    }
    wrong(key, *value, "a number from " + json(least).dump() + " to " + json(most).dump());
    return least;
  }

  bool boolean(const char* key, bool absent) {
    const json* value = find(key, false);
    if (value == nullptr) return absent;
    if (!value->is_boolean()) wrong(key, *value, "true or false");
    return value->is_boolean() ? value->get<bool>() : absent;
  }

  std::string string(const char* key, std::string absent) {
    const json* value = find(key, false);
    if (value == nullptr) return absent;
    if (!value->is_string()) wrong(key, *value, "a string");
    return value->is_string() ? value->get<std::string>() : absent;
  }

  // "<where>: "<key>" is <value>; expected <expected>." A nested value is named by its type.
  void wrong(const char* key, const json& value, const std::string& expected,
             std::int32_t code = DW_E_INVALID) {
    fault(code, where_ + ": \"" + key + "\" is " + shown(value) + "; expected " + expected + ".");
  }

  void fault(std::int32_t code, std::string message) {
    if (!error_) error_ = sdk::Error{code, std::move(message)};
  }

  const std::optional<sdk::Error>& error() const { return error_; }

  static bool is_integer_within(const json& value, std::int64_t least, std::int64_t most) {
    if (!value.is_number_integer()) return false;
    if (value.is_number_unsigned() &&
        value.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
      return false;
    }
    return value.get<std::int64_t>() >= least && value.get<std::int64_t>() <= most;
  }

 private:
  static constexpr std::size_t kMostShownBytes = 60;

  // How deep values nest is the writer's choice, and dump() calls itself for each level.
  static std::string shown(const json& value) {
    const auto is_structured = [](const json& element) { return element.is_structured(); };
    if (value.is_structured() && std::any_of(value.begin(), value.end(), is_structured)) {
      return value.is_array() ? "an array" : "an object";
    }
    const std::string text = value.dump();
    return text.size() > kMostShownBytes ? text.substr(0, kMostShownBytes) + "..." : text;
  }

  const json* find(const char* key, bool required) {
    if (has(key)) return &object_[key];
    if (required) fault(DW_E_INVALID, where_ + " has no \"" + key + "\".");
    return nullptr;
  }

  const json& object_;
  std::string where_;
  std::optional<sdk::Error> error_;
};

inline std::string error_record(const sdk::Error& error) {
  const json record = {
      {"type", "error"}, {"code", sdk::code_name(error.code)}, {"message", error.message}};
  return record.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace driftwood::guests
