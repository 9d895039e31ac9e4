// Guests that were compiled once for each version of the ABI and are never built again: what they
// answered then, they answer for ever. On a GPU, which sums in another order, numbers are as close
// as that makes them.
#include <driftwood/runtime.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>

#include "support/devices.h"

namespace driftwood {
namespace {

const std::filesystem::path kGoldens = DRIFTWOOD_SOURCE_DIR "/tests/goldens";
const std::string kVersions[] = {"abi-1"};

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// Writes a guest's checkpoint of f32 tensors, described by their shape and the ends of the range
// that their numbers fill at random; the same numbers for ever.
std::filesystem::path make_checkpoint(const std::string& guest, const nlohmann::json& tensors) {
  nlohmann::json header;
  std::vector<float> numbers;
  std::uint32_t random = 1;
  for (const auto& [name, tensor] : tensors.items()) {
    const float lowest = tensor["from"], range = tensor["to"].get<float>() - lowest;
    const std::size_t first = numbers.size();
    std::size_t count = 1;
    for (const std::size_t dim : tensor["shape"]) count *= dim;
    for (std::size_t i = 0; i < count; ++i) {
      random = random * 1664525 + 1013904223;
      numbers.push_back(lowest + range * (static_cast<float>(random >> 16) / 65536));
    }
    header[name] = {{"dtype", "F32"},
                    {"shape", tensor["shape"]},
                    {"data_offsets", {first * sizeof(float), numbers.size() * sizeof(float)}}};
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the numbers are aligned
  const std::uint64_t text_bytes = text.size();
  const auto path = std::filesystem::path(testing::TempDir()) / (guest + ".safetensors");
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(&text_bytes), sizeof text_bytes) << text;
  file.write(reinterpret_cast<const char*>(numbers.data()),
             static_cast<std::streamsize>(numbers.size() * sizeof(float)));
  EXPECT_TRUE(file) << path;
  return path;
}

// A message is a text, a JSON object, or {"hex": "..."} for bytes that are no text.
std::string bytes_of(const nlohmann::json& message) {
  if (message.is_string()) return message;
  if (!message.contains("hex")) return message.dump();
  const std::string hex = message["hex"];
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

// What a clock said is no answer of the guest's.
std::string timeless(std::string_view record) {
  static const std::regex kTime(R"re(("\w+_ns":)\d+)re");
  return std::regex_replace(std::string(record), kTime, "$010");
}

// The records that the guest of a case answers its messages with, and then how its actor stands.
std::vector<std::string> answers(const Runtime& runtime, const std::filesystem::path& folder,
                                 const nlohmann::json& one) {
  const std::string guest = one["guest"], wasm = read(folder / guest);
  const auto module = runtime.compile_guest(std::as_bytes(std::span(wasm)));
  if (!module) return {module.error().message()};
  std::optional<Model> model;
  if (one.contains("model")) {
    const auto& named = one["model"];
    auto opened = runtime.open_model(named.is_string() ? folder / named.get<std::string>()
                                                       : make_checkpoint(guest, named));
    if (!opened) return {opened.error().message()};
    model = *std::move(opened);
  }
  auto actor = runtime.spawn(*module, model, {});
  if (!actor) return {actor.error().message()};
  std::optional<std::uint64_t> timeout_ns;
  if (one.contains("timeout_ns")) timeout_ns = one["timeout_ns"];
  for (const auto& message : one["messages"]) {
    actor->send(bytes_of(message), timeout_ns);
  }
  std::vector<std::string> records;
  const auto status =
      actor->run([&](std::string_view record) { records.push_back(timeless(record)); });
  records.push_back(!status                        ? std::string(name(status.error().code()))
                    : *status == ActorStatus::idle ? "idle"
                                                   : "finished");
  return records;
}

constexpr double kTolerance = 1e-3;

// Whether the two are equal but for numbers with a fraction, which are close.
bool are_close(const nlohmann::json& a, const nlohmann::json& b) {
  if (a.is_number_float() && b.is_number_float()) {
    return std::abs(a.get<double>() - b.get<double>()) <= kTolerance;
  }
  if (a.type() != b.type() || a.size() != b.size() || !a.is_structured()) return a == b;
  for (auto [at, other] = std::pair(a.begin(), b.begin()); at != a.end(); ++at, ++other) {
    if (a.is_object() && at.key() != other.key()) return false;
    if (!are_close(*at, *other)) return false;
  }
  return true;
}

bool are_close_records(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const auto first = nlohmann::json::parse(a, nullptr, false);
  const auto second = nlohmann::json::parse(b, nullptr, false);
  return first.is_object() && second.is_object() && are_close(first, second);
}

class GoldenGuests : public testing::TestWithParam<std::tuple<std::string, const char*>> {
 protected:
  const std::filesystem::path folder = kGoldens / std::get<0>(GetParam());
  const std::string kind = std::get<1>(GetParam());
};

INSTANTIATE_TEST_SUITE_P(Abi, GoldenGuests,
                         testing::Combine(testing::ValuesIn(kVersions), test::kEveryDevice),
                         [](const auto& info) {
                           const std::string& version = std::get<0>(info.param);
                           return "version_" + version.substr(version.find('-') + 1) + "_" +
                                  std::get<1>(info.param);
                         });

TEST_P(GoldenGuests, answer_as_they_did_when_they_were_compiled) {
  DW_NEED_DEVICE(kind);
  const auto cases = nlohmann::json::parse(read(folder / "expected.json"));
  ASSERT_FALSE(cases.empty());
  const auto runtime = Runtime::create({.device = test::device_of_kind(kind).name,
                                        .thread_count = 1,
                                        .isa = "",
                                        .validate = test::is_checked(kind)})
                           .value();
  for (const auto& one : cases) {
    SCOPED_TRACE(one["guest"].get<std::string>() + (one.contains("model") ? " with a model" : ""));
    const auto wanted = one["answers"].get<std::vector<std::string>>();
    const auto given = answers(runtime, folder, one);
    if (kind == "cpu") {
      EXPECT_EQ(given, wanted);
      continue;
    }
    ASSERT_EQ(given.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_TRUE(are_close_records(given[i], wanted[i])) << given[i] << "\n" << wanted[i];
    }
  }
}

class GoldenFolders : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Abi, GoldenFolders, testing::ValuesIn(kVersions), [](const auto& info) {
  return "version_" + info.param.substr(info.param.find('-') + 1);
});

TEST_P(GoldenFolders, have_a_case_for_every_compiled_guest) {
  const auto folder = kGoldens / GetParam();
  const auto cases = nlohmann::json::parse(read(folder / "expected.json"));
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".wasm") continue;
    EXPECT_TRUE(std::ranges::any_of(cases, [&](const auto& one) {
      return one["guest"] == file.path().filename().string();
    })) << file.path();
  }
}

}  // namespace
}  // namespace driftwood
