#include "actors/cut_points/conversations.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>

#include "device/test_support.h"
#include "os/file.h"

namespace driftwood::test {
namespace {

using device::testing::must;
using nlohmann::json;

constexpr std::uint64_t kMostWavBytes = 64 << 20;
constexpr std::size_t kWavHeaderBytes = 44, kFrameBytes = 1024;

const std::string kOpening = "It was late in the evening when the two friends came to the inn";
const std::string kLong =
    "The harbour lay quiet under a grey sky, and the boats rose and fell with the tide as they had "
    "done for a hundred years. An old man sat upon the wall, mending a net with slow and patient "
    "hands, and beside him a boy watched the gulls. \"Will they come back?\" asked the boy. The "
    "old "
    "man did not look up from his work. \"Some of them,\" said he, \"and some of them will not; "
    "but "
    "the sea has never asked me what I thought about it.\"";

json greedy(const std::string& prompt, unsigned tokens) {
  return {{"prompt", prompt}, {"max_tokens", tokens}, {"temperature", 0}, {"ignore_eos", true}};
}

json sampled(const std::string& prompt, unsigned tokens, unsigned seed) {
  json request = greedy(prompt, tokens);
  request["temperature"] = 0.9;
  request["seed"] = seed;
  return request;
}

json with(json request, const json& more) {
  request.update(more);
  return request;
}

// The frames [first, first + count) of a recording, as a WAV file.
std::string frames_of(const std::string& wav, std::size_t first, std::size_t count) {
  if (wav.empty()) return {};
  const auto bytes = static_cast<std::uint32_t>(count * kFrameBytes);
  std::string size;
  for (unsigned shift = 0; shift < 32; shift += 8) size += static_cast<char>(bytes >> shift);
  return wav.substr(0, kWavHeaderBytes - size.size()) + size +
         wav.substr(kWavHeaderBytes + first * kFrameBytes, bytes);
}

void add_of_default_model(std::vector<Conversation>& all, const std::string& model) {
  const auto add = [&](const std::string& name, std::vector<json> requests,
                       const std::string& alphabet = {}) {
    all.push_back({"default model: " + name, "llama", model, std::move(requests), alphabet, {}});
  };
  // Tokens are whole words here, so a stop string is half matched when its first word was written.
  const json half_stops = {{"stop", {" the sunlit", " and yet", ", but never", ".Z", " of X"}}};
  add("greedy", {greedy("Once upon a time", 180)});
  add("sampled, two turns", {sampled(kOpening, 200, 1), sampled("The king", 60, 2)});
  add("the generator's seed is drawn", {{{"prompt", kOpening}, {"max_tokens", 120}}});
  add("whole rows of logits", {with(sampled(kOpening, 90, 3), {{"top_k", 0}, {"top_p", 1.0}})});
  add("repetition penalty", {with(greedy(kLong, 90), {{"repetition_penalty", 1.3}})});
  add("Greek", {sampled("Μῆνιν ἄειδε, θεά", 100, 4)}, "αβγ");
  add("French", {sampled("À l'été où naquît", 100, 5)}, "éàç e");
  add("four bytes a character", {greedy("🌊🌲", 20), sampled("🌊🌲", 90, 6)}, "🌊🌲");
  add("half-matched stop strings", {with(sampled(kOpening, 150, 7), half_stops)});
  add("found stop strings", {with(sampled(kOpening, 80, 8), {{"stop", {". ", "\"", " was a"}}}),
                             with(sampled("He said", 80, 9), {{"stop", {" and the", "?"}}}),
                             with(sampled("They had", 80, 10), half_stops)});
  add("pieces of 1", {with(greedy(kLong, 40), {{"prefill_piece", 1}})});
  add("pieces of 3 and 16", {with(sampled(kLong, 30, 11), {{"prefill_piece", 3}}),
                             with(greedy(kLong + kOpening, 50), {{"prefill_piece", 16}})});
  add("tokens", {with(sampled(kOpening, 70, 12), {{"output", "tokens"},
                                                  {"top_logprobs", 5},
                                                  {"prompt_logprobs", true},
                                                  {"prefill_piece", 5}})});
  add("scores", {with(greedy(kLong, 60), {{"output", "tokens"}, {"score_from", 20}}),
                 with(greedy(kLong, 0), {{"output", "tokens"}, {"score_from", 1}})});
}

void add_of_tinystories(std::vector<Conversation>& all, const std::string& model) {
  const auto add = [&](const std::string& name, std::vector<json> requests,
                       const std::string& alphabet = {}) {
    all.push_back({"TinyStories: " + name, "llama", model, std::move(requests), alphabet, {}});
  };
  const std::string prompt = "Once upon a time, there was a little girl named Lily.";
  add("greedy", {with(greedy(prompt, 200), {{"prefill_piece", 2}})});
  add("sampled, three turns",
      {sampled(prompt, 60, 21), with(sampled(prompt, 90, 22), {{"top_k", 0}}),
       greedy("Tom had a red ball.", 80)});
  add("bytes", {sampled(prompt, 120, 23)}, "日本é");
  add("stop strings",
      {with(sampled(prompt, 150, 24), {{"stop", {" the zoo!", " and cried?", ". So "}}}),
       with(sampled(prompt, 150, 25), {{"stop", {" saw nothing", " to Z"}}})});
}

void add_of_recordings(std::vector<Conversation>& all, const std::string& folder) {
  const auto wav = os::read_file(folder + "/test.wav", kMostWavBytes);
  const std::string whole = wav ? *wav : std::string();
  const auto add = [&](const std::string& name, std::vector<std::string> recordings) {
    all.push_back({"voice: " + name,
                   "vad",
                   folder + "/silero_vad_16k.safetensors",
                   {},
                   {},
                   std::move(recordings)});
  };
  add("one recording", {frames_of(whole, 40, 260)});
  add("three recordings",
      {frames_of(whole, 0, 50), frames_of(whole, 700, 90), frames_of(whole, 1500, 33)});
}

}  // namespace

std::vector<Conversation> conversations(const Folders& folders) {
  std::vector<Conversation> all;
  add_of_default_model(all, folders.source + "/models/default");
  add_of_tinystories(all, folders.data + "/tinystories-656K");
  add_of_recordings(all, folders.data + "/silero-vad");
  return all;
}

std::vector<std::string> messages_of(const Conversation& conversation, const model::Model& model) {
  if (!conversation.recordings.empty()) return conversation.recordings;
  // Special tokens have no text: a step that writes none is to have another reason.
  json bias = {{"0", -100}, {"1", -100}, {"2", -100}};
  if (!conversation.alphabet.empty()) {
    for (const std::int32_t id : must(model.tokenizer->encode(conversation.alphabet, false))) {
      bias[std::to_string(id)] = 100;
    }
  }
  std::vector<std::string> messages;
  for (const json& request : conversation.requests) {
    const bool holds_back = request.contains("stop") || !conversation.alphabet.empty();
    messages.push_back((holds_back ? with(request, {{"logit_bias", bias}}) : request).dump());
  }
  return messages;
}

}  // namespace driftwood::test
