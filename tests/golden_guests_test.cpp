// Guests that were compiled once for each version of the ABI and are never built again: what they
// answered then, they answer for ever.
#include <driftwood/runtime.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace driftwood {
namespace {

const std::filesystem::path kGoldens = DRIFTWOOD_SOURCE_DIR "/tests/goldens";

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// The records that a guest answers these messages with, and then how its actor stands.
std::vector<std::string> answers(const Runtime& runtime, const std::string& wasm,
                                 const std::vector<std::string>& messages) {
  const auto module = runtime.compile_guest(std::as_bytes(std::span(wasm)));
  if (!module) return {module.error().message()};
  auto actor = runtime.spawn(*module, {}, {});
  if (!actor) return {actor.error().message()};
  for (const std::string& message : messages) actor->send(message);
  std::vector<std::string> records;
  const auto status = actor->run([&](std::string_view record) { records.emplace_back(record); });
  records.push_back(!status                        ? std::string(name(status.error().code()))
                    : *status == ActorStatus::idle ? "idle"
                                                   : "finished");
  return records;
}

class GoldenGuests : public testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Abi, GoldenGuests, testing::Values("abi-1"), [](const auto& info) {
  return "version_" + info.param.substr(info.param.find('-') + 1);
});

TEST_P(GoldenGuests, answer_as_they_did_when_they_were_compiled) {
  const auto folder = kGoldens / GetParam();
  const auto cases = nlohmann::json::parse(read(folder / "expected.json"));
  ASSERT_FALSE(cases.empty());
  const auto runtime = Runtime::create({.device = "cpu", .thread_count = 1, .isa = ""}).value();
  for (const auto& one : cases) {
    const std::string guest = one["guest"];
    SCOPED_TRACE(guest);
    EXPECT_EQ(answers(runtime, read(folder / guest), one["messages"]),
              one["answers"].get<std::vector<std::string>>());
  }
}

TEST_P(GoldenGuests, every_compiled_guest_has_a_case) {
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
