#include "support/frozen_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "core/checksum.h"

namespace driftwood::test {
namespace {

using nlohmann::json;
using Bytes = std::vector<std::byte>;

constexpr std::size_t kSizeBytes = 8;
constexpr std::size_t kMostGrownBytes = 1 << 20;  // of a tensor that a mutation makes longer

void append(Bytes& to, std::span<const std::byte> from) {
  to.insert(to.end(), from.begin(), from.end());
}

Bytes checksums_of(const std::string& actor, const std::vector<FrozenParts::Tensor>& tensors) {
  std::map<std::string, std::uint64_t> by_name;
  for (const auto& tensor : tensors) {
    if (tensor.name != "checksums" && !tensor.name.starts_with("pad.")) {
      by_name[tensor.name] = xxh3(tensor.bytes);
    }
  }
  std::vector<std::uint64_t> sums = {xxh3(std::as_bytes(std::span(actor)))};
  for (const auto& [name, sum] : by_name) sums.push_back(sum);
  Bytes bytes;
  append(bytes, std::as_bytes(std::span(sums)));
  return bytes;
}

// Numbers at which something may turn over.
std::uint64_t edge_number(Choices& choices) {
  constexpr std::uint64_t kNumbers[] = {0,
                                        1,
                                        2,
                                        3,
                                        4,
                                        15,
                                        16,
                                        17,
                                        4095,
                                        4096,
                                        65535,
                                        65536,
                                        (1u << 24) + 1,
                                        0x7fffffff,
                                        0x80000000,
                                        0xffffffff,
                                        std::uint64_t{1} << 32,
                                        (std::uint64_t{1} << 32) + 65536,
                                        std::uint64_t{1} << 40,
                                        std::uint64_t{1} << 63,
                                        0xffffffffffff0000,
                                        0xffffffffffffffff};
  return kNumbers[choices.below(std::size(kNumbers))];
}

json changed_number(const json& number, Choices& choices) {
  const auto value = number.get<std::uint64_t>();
  switch (choices.below(6)) {
    case 0:
      return value + 1;
    case 1:
      return value - 1;
    case 2:
      return value * 2;
    case 3:
      return -1;
    default:
      return edge_number(choices);
  }
}

json other_type(Choices& choices) {
  switch (choices.below(7)) {
    case 0:
      return nullptr;
    case 1:
      return "word";
    case 2:
      return 1.5;
    case 3:
      return json::object();
    case 4:
      return json::array();
    case 5:
      return true;
    default:
      return edge_number(choices);
  }
}

std::string any_word(Choices& choices) {
  const std::string words[] = {
      "",      "idle",  "run",   "continue", "finished",  "model", "window", "state",
      "graph", "read",  "i32",   "i64",      "f32",       "f64",   "v128",   "read_write",
      "limit", "F32",   "U8",    "U32",      "BF16",      "F64",   "memory", "register",
      "texts", "state", "pad.0", "state.0",  "program.0", "{}",    "1",      std::string(300, 'n')};
  return words[choices.below(std::size(words))];
}

struct Node {
  std::string path;
  json* value;
};

void collect(json& value, const std::string& path, std::vector<Node>& nodes) {
  nodes.push_back({path, &value});
  if (!value.is_structured()) return;
  for (const auto& item : value.items()) collect(item.value(), path + "/" + item.key(), nodes);
}

void change_list(json& list, Choices& choices) {
  if (list.empty()) {
    list.push_back(other_type(choices));
    return;
  }
  const std::size_t i = choices.below(list.size()), j = choices.below(list.size());
  switch (choices.below(5)) {
    case 0:
      list.erase(i);
      break;
    case 1:
      std::swap(list[i], list[j]);
      break;
    case 2:
      list.insert(list.begin() + static_cast<std::ptrdiff_t>(j), json(list[i]));
      break;
    case 3:
      for (const json copy = list[i]; list.size() < 300;) list.push_back(copy);
      break;
    default:
      list[i] = json(list[j]);
  }
}

void change_value(json& value, const std::vector<Node>& nodes, Choices& choices) {
  const std::uint64_t way = choices.below(10);
  if (way == 0) {
    value = other_type(choices);
  } else if (way == 1) {
    json copy = *nodes[choices.below(nodes.size())].value;
    value = std::move(copy);
  } else if (value.is_number_unsigned()) {
    value = changed_number(value, choices);
  } else if (value.is_boolean()) {
    value = !value.get<bool>();
  } else if (value.is_string()) {
    value = any_word(choices);
  } else if (value.is_array()) {
    change_list(value, choices);
  } else if (value.is_object() && !value.empty()) {
    value.erase(std::next(value.begin(), static_cast<std::ptrdiff_t>(choices.below(value.size()))));
  } else {
    value = choices.below(2) == 0 ? json(edge_number(choices)) : json::array({0, 0});
  }
}

std::string change_description(FrozenParts& parts, Choices& choices) {
  std::vector<Node> nodes;
  collect(parts.actor, "", nodes);
  const Node& chosen = nodes[choices.below(nodes.size())];
  std::string before = chosen.value->dump();
  change_value(*chosen.value, nodes, choices);
  return fmt::format("{}: {:.60} became {:.60}", chosen.path, before, chosen.value->dump());
}

// One word of 4 or 8 bytes.
std::string change_word(FrozenParts::Tensor& tensor, Choices& choices) {
  const std::size_t word_bytes = choices.below(4) == 0 ? 8 : 4;
  if (tensor.bytes.size() < word_bytes) return tensor.name + " left";
  const std::size_t at = choices.below(tensor.bytes.size() / word_bytes) * word_bytes;
  std::uint64_t word = 0;
  std::memcpy(&word, tensor.bytes.data() + at, word_bytes);
  const std::uint64_t before = word;
  word = changed_number(word, choices).get<std::uint64_t>();
  std::memcpy(tensor.bytes.data() + at, &word, word_bytes);
  return fmt::format("{} at byte {}: {} became {}", tensor.name, at, before, word);
}

// A dimension, and as many bytes as it then takes.
std::string change_size(FrozenParts::Tensor& tensor, Choices& choices) {
  if (!tensor.shape.is_array() || tensor.shape.empty()) return tensor.name + " left";
  const std::string before = tensor.shape.dump();
  const std::size_t dim = choices.below(tensor.shape.size());
  if (!tensor.shape[dim].is_number_unsigned()) return tensor.name + " left";
  const auto count = tensor.shape[dim].get<std::uint64_t>();
  const std::uint64_t counts[] = {0, 1, count + 1, count - 1, count * 2, count + 16};
  const std::uint64_t wanted = counts[choices.below(std::size(counts))];
  const std::size_t bytes = count == 0 ? 0 : tensor.bytes.size() / count * wanted;
  if (bytes > kMostGrownBytes && wanted > count) return tensor.name + " left";
  tensor.shape[dim] = wanted;
  tensor.bytes.resize(bytes, std::byte{1});
  return fmt::format("{} of shape {} became {}", tensor.name, before, tensor.shape.dump());
}

std::string change_tensor(FrozenParts& parts, Choices& choices) {
  const std::size_t i = choices.below(parts.tensors.size());
  FrozenParts::Tensor& tensor = parts.tensors[i];
  const std::string name = tensor.name;
  switch (choices.below(12)) {
    case 0:
      tensor.name = any_word(choices);
      return fmt::format("{} was renamed {:.20}", name, tensor.name);
    case 1:
      tensor.dtype = any_word(choices);
      return fmt::format("{} became {:.20}", name, tensor.dtype);
    case 2:
      if (tensor.shape.empty()) return name + " left";
      change_value(tensor.shape, {{"", &tensor.shape}}, choices);
      return fmt::format("{} said to be of shape {:.60}", name, tensor.shape.dump());
    case 3:
    case 4:
      return change_size(tensor, choices);
    case 5:
      parts.tensors.erase(parts.tensors.begin() + static_cast<std::ptrdiff_t>(i));
      return name + " removed";
    case 6: {
      FrozenParts::Tensor& other = parts.tensors[choices.below(parts.tensors.size())];
      std::swap(tensor.name, other.name);
      return fmt::format("{} and {} swapped", tensor.name, other.name);
    }
    default:
      return change_word(tensor, choices);
  }
}

std::string change_header(FrozenParts& parts, Choices& choices) {
  if (choices.below(4) == 0) {
    std::vector<Node> nodes;
    collect(parts.metadata, "", nodes);
    change_value(*nodes[choices.below(nodes.size())].value, nodes, choices);
    return fmt::format("the metadata became {:.60}", parts.metadata.dump());
  }
  FrozenParts::Tensor& tensor = parts.tensors[choices.below(parts.tensors.size())];
  tensor.offsets = json::array({edge_number(choices), edge_number(choices)});
  return fmt::format("{} said to lie at {}", tensor.name, tensor.offsets->dump());
}

}  // namespace

FrozenParts::FrozenParts(std::span<const std::byte> file) {
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file.data(), kSizeBytes);
  const std::span<const std::byte> text = file.subspan(kSizeBytes, header_bytes);
  const std::span<const std::byte> data = file.subspan(kSizeBytes + header_bytes);
  const auto* characters = reinterpret_cast<const char*>(text.data());
  json header = json::parse(characters, characters + text.size());
  metadata = std::move(header["__metadata__"]);
  header.erase("__metadata__");
  actor = json::parse(metadata["actor"].get<std::string>());
  metadata.erase("actor");
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::vector<std::string>> by_place;
  for (const auto& item : header.items()) {
    const json& offsets = item.value()["data_offsets"];
    by_place[{offsets[0], offsets[1]}].push_back(item.key());
  }
  for (const auto& [place, names] : by_place) {
    for (const std::string& name : names) {
      const auto bytes = data.subspan(place.first, place.second - place.first);
      tensors.push_back(
          {name, header[name]["dtype"], header[name]["shape"], {bytes.begin(), bytes.end()}});
    }
  }
}

std::vector<std::byte> FrozenParts::file() const {
  const std::string description = actor.dump();
  const Bytes sums = checksums_of(description, tensors);
  const bool sums_fit = std::ranges::any_of(tensors, [&](const Tensor& tensor) {
    return tensor.name == "checksums" && tensor.bytes.size() == sums.size();
  });
  json header = json::object();
  header["__metadata__"] = metadata;
  if (header["__metadata__"].is_object()) header["__metadata__"]["actor"] = description;
  Bytes data;
  for (const Tensor& tensor : tensors) {
    const std::size_t begin = data.size();
    append(data, tensor.name == "checksums" && sums_fit ? sums : tensor.bytes);
    header[tensor.name] = {
        {"dtype", tensor.dtype},
        {"shape", tensor.shape},
        {"data_offsets", tensor.offsets.value_or(json::array({begin, data.size()}))}};
  }
  const std::string text = header.dump();
  const std::uint64_t header_bytes = text.size();
  Bytes file;
  file.reserve(kSizeBytes + text.size() + data.size());
  append(file, std::as_bytes(std::span(&header_bytes, 1)));
  append(file, std::as_bytes(std::span(text)));
  append(file, data);
  return file;
}

FrozenParts::Tensor& FrozenParts::tensor(std::string_view name) {
  return *std::ranges::find(tensors, name, &Tensor::name);
}

std::string mutate(FrozenParts& parts, Choices& choices) {
  const std::uint64_t where = choices.below(20);
  if (where >= 9 || parts.tensors.empty()) return change_description(parts, choices);
  return where == 0 ? change_header(parts, choices) : change_tensor(parts, choices);
}

}  // namespace driftwood::test
