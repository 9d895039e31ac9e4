#include "actor/frozen_descriptor.h"

#include <algorithm>
#include <array>
#include <concepts>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "core/arithmetic.h"

namespace driftwood::actor::frozen {
namespace {

using guest::Next;
using nlohmann::json;
using Kind = guest::Snapshot::Kind;

template <typename T>
struct Named {
  T value;
  std::string_view name;
};

constexpr std::array kNextNames = {
    Named{Next::idle, "idle"},
    Named{Next::run, "run"},
    Named{Next::proceed, "continue"},
    Named{Next::finished, "finished"},
};
constexpr std::array kKindNames = {
    Named{Kind::model, "model"},  Named{Kind::window, "window"}, Named{Kind::state, "state"},
    Named{Kind::reg, "register"}, Named{Kind::graph, "graph"},
};
constexpr std::array kAccessNames = {
    Named{memory::Access::read, "read"},
    Named{memory::Access::read_write, "read_write"},
};
constexpr std::array kTypeNames = {
    Named{'i', "i32"}, Named{'I', "i64"}, Named{'f', "f32"}, Named{'F', "f64"}, Named{'V', "v128"},
};
constexpr std::array kCodeNames = {
    Named{ErrorCode::invalid_argument, "invalid_argument"},
    Named{ErrorCode::not_found, "not_found"},
    Named{ErrorCode::corrupt, "corrupt"},
    Named{ErrorCode::unsupported, "unsupported"},
    Named{ErrorCode::limit, "limit"},
    Named{ErrorCode::out_of_memory, "out_of_memory"},
    Named{ErrorCode::io, "io"},
    Named{ErrorCode::timeout, "timeout"},
    Named{ErrorCode::cancelled, "cancelled"},
};

constexpr std::span<const Named<Next>> names_of(Next) {
  return kNextNames;
}
constexpr std::span<const Named<Kind>> names_of(Kind) {
  return kKindNames;
}
constexpr std::span<const Named<memory::Access>> names_of(memory::Access) {
  return kAccessNames;
}
constexpr std::span<const Named<ErrorCode>> names_of(ErrorCode) {
  return kCodeNames;
}

// Precondition: the value is in the list.
template <typename T>
std::string_view name_in(std::span<const Named<T>> names, T value) {
  return std::ranges::find(names, value, &Named<T>::value)->name;
}

// The fields of each record, for writing and for reading.
template <typename Archive>
void fields(Archive& a, model::Fingerprint& r) {
  a("config", r.config), a("weights", r.weights), a("tokenizer", r.tokenizer);
}
template <typename Archive>
void fields(Archive& a, Module& r) {
  a("sha256", r.sha256), a("bytes", r.bytes);
}
template <typename Archive>
void fields(Archive& a, Global& r) {
  a("index", r.index), a("type", r.type);
}
template <typename Archive>
void fields(Archive& a, Window& r) {
  a("offset", r.offset), a("bytes", r.bytes), a("access", r.access);
}
template <typename Archive>
void fields(Archive& a, State& r) {
  a("rows", r.rows), a("most_rows", r.most_rows);
}
template <typename Archive>
void fields(Archive& a, Place& r) {
  a("window", r.window), a("offset", r.offset);
}
template <typename Archive>
void fields(Archive& a, Graph& r) {
  a("program", r.program), a("uses_model", r.uses_model);
  a("windows", r.windows), a("states", r.states), a("registers", r.registers);
}
template <typename Archive>
void fields(Archive& a, Handle& r) {
  a("number", r.number), a("kind", r.kind), a("index", r.index);
}
template <typename Archive>
void fields(Archive& a, Failure& r) {
  a("code", r.code), a("text", r.text);
}
template <typename Archive>
void fields(Archive& a, Message& r) {
  a("text", r.text), a("left_ns", r.left_ns);
}
template <typename Archive>
void fields(Archive& a, Descriptor& r) {
  a("segments", r.segments), a("abi_version", r.abi_version);
  a("numerics", r.numerics), a("module", r.module), a("model", r.model), a("options", r.options);
  a("started", r.started), a("finished", r.finished), a("calls", r.calls);
  a("memory_bytes", r.memory_bytes), a("rows", r.rows), a("clock_ns", r.clock_ns),
      a("log_bytes", r.log_bytes);
  a("last_handle", r.last_handle), a("last_run", r.last_run), a("error_text", r.error_text);
  a("standard_output", r.standard_output), a("standard_error", r.standard_error);
  a("message", r.message), a("globals", r.globals), a("windows", r.windows);
  a("states", r.states), a("registers", r.registers), a("programs", r.programs);
  a("graphs", r.graphs), a("handles", r.handles), a("next", r.next), a("outcome", r.outcome);
  a("in_message", r.in_message), a("end_told", r.end_told), a("cancelled", r.cancelled);
  a("left_ns", r.left_ns);
  a("mailbox", r.mailbox), a("output_position", r.output_position), a("output", r.output);
}

template <typename T>
concept Number = std::unsigned_integral<T> && !std::same_as<T, bool>;
template <typename T>
concept Enumeration = std::is_enum_v<T>;

class Writer {
 public:
  Writer(json& object, std::string& texts) : object_(object), texts_(texts) {}

  template <typename T>
  void operator()(const char* key, T& value) {
    object_[key] = written(value);
  }

 private:
  json written(bool& value) { return value; }
  json written(std::string& value) { return value; }
  json written(Number auto& value) { return value; }
  json written(Enumeration auto& value) { return name_in(names_of(value), value); }
  json written(Text& text) {
    const std::size_t at = texts_.size();
    texts_ += text.bytes;
    return json::array({at, text.bytes.size()});
  }
  template <typename T>
  json written(std::optional<T>& value) {
    return value ? written(*value) : json(nullptr);
  }
  template <typename T>
  json written(std::vector<T>& values) {
    json list = json::array();
    for (T& value : values) list.push_back(written(value));
    return list;
  }
  template <typename Record>
    requires std::is_class_v<Record>
  json written(Record& record) {
    json object = json::object();
    Writer inner(object, texts_);
    fields(inner, record);
    return object;
  }

  json& object_;
  std::string& texts_;
};

// What all readers of one description share.
struct Reading {
  const TextSource& texts;
  std::uint64_t texts_left = texts.size_bytes;  // so that no text of a file is read many times
  std::optional<Error> error = {};              // the first; what comes after it is not looked at
};

// Where a value lies; spelt only for a message.
struct Path {
  const Path* parent = nullptr;           // null: the description itself
  std::string_view key = {};              // of an object
  std::optional<std::size_t> index = {};  // of a list, instead of a key

  std::string text() const {
    if (parent == nullptr) return {};
    if (index) return fmt::format("{}[{}]", parent->text(), *index);
    return fmt::format("{}{}{}", parent->text(), parent->parent == nullptr ? "" : ".", key);
  }
};

class Reader {
 public:
  Reader(const json& object, Reading& reading, const Path& path)
      : object_(object), reading_(reading), path_(path) {}

  template <typename T>
  void operator()(const char* key, T& value) {
    if (reading_.error) return;
    const Path path{.parent = &path_, .key = key};
    const auto found = object_.find(key);
    if (found == object_.end()) return refuse(path, "is missing");
    read(*found, value, path);
  }

  void refuse(const Path& path, std::string_view what) {
    if (!reading_.error) {
      reading_.error =
          Error(ErrorCode::corrupt, fmt::format("The field {} {}.", path.text(), what));
    }
  }

  template <typename Record>
    requires std::is_class_v<Record>
  void read(const json& from, Record& record, const Path& path) {
    if (!from.is_object()) return refuse(path, "is no object");
    Reader inner(from, reading_, path);
    fields(inner, record);
  }

 private:
  void read(const json& from, bool& value, const Path& path) {
    if (!from.is_boolean()) return refuse(path, "is neither true nor false");
    value = from.get<bool>();
  }
  void read(const json& from, std::string& value, const Path& path) {
    if (!from.is_string()) return refuse(path, "is no string");
    value = from.get_ref<const std::string&>();
  }
  template <Number T>
  void read(const json& from, T& value, const Path& path) {
    if (!from.is_number_unsigned() || !std::in_range<T>(from.get<std::uint64_t>())) {
      return refuse(path, fmt::format("is no whole number of {} bits", sizeof(T) * 8));
    }
    value = from.get<T>();
  }
  template <Enumeration T>
  void read(const json& from, T& value, const Path& path) {
    for (const auto& known : names_of(T{})) {
      if (from == known.name) {
        value = known.value;
        return;
      }
    }
    refuse(path, "is none of the words that it may be");
  }
  void read(const json& from, Text& text, const Path& path) {
    const bool is_pair = from.is_array() && from.size() == 2 && from[0].is_number_unsigned() &&
                         from[1].is_number_unsigned();
    if (!is_pair) return refuse(path, "is no pair of a place and a size");
    const auto at = from[0].get<std::uint64_t>(), bytes = from[1].get<std::uint64_t>();
    if (!range_fits(at, bytes, reading_.texts.size_bytes) || bytes > reading_.texts_left) {
      return refuse(path, "lies outside of the texts, or takes a part of them twice");
    }
    reading_.texts_left -= bytes;
    text.bytes.resize(bytes);
    const auto read = reading_.texts.read(at, std::as_writable_bytes(std::span(text.bytes)));
    if (!read && !reading_.error) reading_.error = read.error();
  }
  template <typename T>
  void read(const json& from, std::optional<T>& value, const Path& path) {
    value.reset();
    if (!from.is_null()) read(from, value.emplace(), path);
  }
  template <typename T>
  void read(const json& from, std::vector<T>& values, const Path& path) {
    if (!from.is_array()) return refuse(path, "is no list");
    // One by one, so that a list takes no memory beyond its first entry that is refused.
    for (std::size_t i = 0; i < from.size() && !reading_.error; ++i) {
      read(from[i], values.emplace_back(), Path{.parent = &path, .index = i});
    }
  }

  const json& object_;
  Reading& reading_;
  const Path& path_;
};

}  // namespace

std::uint64_t Descriptor::state_rows() const {
  std::uint64_t rows = 0;
  for (const State& state : states) rows += state.rows;
  return rows;
}

std::string_view name_of(guest::Next next) {
  return name_in(names_of(next), next);
}

std::string_view type_name(char letter) {
  return name_in<char>(kTypeNames, letter);
}

char type_letter(std::string_view name) {
  const auto found = std::ranges::find(kTypeNames, name, &Named<char>::name);
  return found == kTypeNames.end() ? '?' : found->value;
}

std::string to_json(const Descriptor& descriptor, std::string& texts) {
  json object = json::object();
  Descriptor copy = descriptor;  // one list of fields serves reading too, which changes them
  Writer writer(object, texts);
  fields(writer, copy);
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<void> check_block_count(std::uint64_t blocks) {
  if (blocks <= kMostBlocks) return {};
  return fail(ErrorCode::limit, "The actor's states have {} blocks of rows, over the limit of {}.",
              blocks, kMostBlocks);
}

Result<void> check_size(std::string_view json, std::uint64_t text_bytes) {
  if (json.size() > kMostJsonBytes) {
    return fail(ErrorCode::limit,
                "The description of the actor has {} bytes, over the limit of {}.", json.size(),
                kMostJsonBytes);
  }
  // Each value but the first, and each key, comes right behind one of these.
  const auto values = std::ranges::count_if(
      json, [](char c) { return c == ',' || c == ':' || c == '[' || c == '{'; });
  if (static_cast<std::uint64_t>(values) > kMostJsonValues) {
    return fail(ErrorCode::limit,
                "The description of the actor has {} values, over the limit of {}.", values,
                kMostJsonValues);
  }
  if (text_bytes > kMostTextBytes) {
    return fail(ErrorCode::limit,
                "Messages and output of the actor have {} bytes, over the limit of {}.", text_bytes,
                kMostTextBytes);
  }
  return {};
}

Result<Descriptor> read_descriptor(std::string_view text, const TextSource& texts) {
  DW_TRY(check_size(text, texts.size_bytes));
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) {
    return fail(ErrorCode::corrupt, "The description of the actor is no JSON object.");
  }
  Descriptor descriptor;
  Reading reading{.texts = texts};
  const Path whole;
  Reader reader(object, reading, whole);
  fields(reader, descriptor);
  if (reading.error) return std::unexpected(*reading.error);
  return descriptor;
}

}  // namespace driftwood::actor::frozen
