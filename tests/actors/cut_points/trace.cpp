#include "actors/cut_points/trace.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <span>

#include <nlohmann/json.hpp>

#include "actor/frozen_file.h"
#include "actors/actor_bench.h"
#include "core/checksum.h"
#include "device/test_support.h"

namespace driftwood::test {
namespace {

using device::testing::must;
using nlohmann::json;

constexpr std::uint64_t kPageBytes = actor::frozen::kPageBytes;

// What is seen of one step from outside.
struct Seen {
  std::uint32_t rows = 0;  // of the state, if there is one
  bool in_message = false;
  bool mailbox = false;
  std::optional<std::string> text;  // of its first text record
  bool found_stop = false;          // says its last record
  std::optional<std::uint32_t> prompt_tokens;
  std::map<std::uint64_t, std::uint64_t> pages;  // hash by number
};

Seen look_at(const actor::Actor& actor, const std::vector<std::string>& records) {
  const actor::Snapshot snapshot = must(actor.snapshot());
  Seen seen;
  if (!snapshot.guest.states.empty()) seen.rows = snapshot.guest.states[0]->length_rows();
  seen.in_message = snapshot.in_message;
  seen.mailbox = !snapshot.mailbox.empty();
  for (const std::string& text : records) {
    const json record = json::parse(text);
    const std::string type = record["type"];
    if (type == "text" && !seen.text) seen.text = record["text"].get<std::string>();
    if (type == "usage") seen.prompt_tokens = record["prompt_tokens"].get<std::uint32_t>();
    if (type == "done") seen.found_stop = record.contains("stop");
  }
  const memory::Region& region = *snapshot.guest.region;
  for (const os::PageRange& range : region.touched_pages()) {
    for (std::uint64_t at = 0; at < range.size_bytes; at += kPageBytes) {
      const std::uint64_t offset = range.offset_bytes + at;
      seen.pages[offset / kPageBytes] = xxh3(std::span(region.base() + offset, kPageBytes));
    }
  }
  return seen;
}

bool writes(const Seen& before, const Seen& after, std::uint64_t page) {
  const auto was = before.pages.find(page), is = after.pages.find(page);
  return is != after.pages.end() && (was == before.pages.end() || was->second != is->second);
}

// What the steps tell about each other.
class Kinds {
 public:
  Kinds(const std::vector<Seen>& seen, const Conversation& conversation)
      : seen_(seen), conversation_(conversation) {}

  std::uint32_t of_cut_after(std::size_t step) const {
    const Seen& at = seen_[step];
    std::uint32_t kinds = 0;
    if (is_within_page(step)) kinds |= kPage;
    if (at.rows % device::AppendState::kBlockRows != 0) kinds |= kBlock;
    if (at.mailbox) kinds |= kMailbox;
    if (!at.in_message) return kinds;
    if (!conversation_.recordings.empty()) return kinds | kAudio;
    if (const auto tokens = prompt_tokens(step); tokens && at.rows > 0 && at.rows < *tokens) {
      kinds |= kPrefill;
    }
    if (is_held_back(step)) kinds |= kind_of_held(step);
    return kinds;
  }

 private:
  bool is_within_page(std::size_t step) const {
    if (step == 0 || step + 1 == seen_.size()) return false;
    return std::ranges::any_of(seen_[step].pages, [&](const auto& page) {
      return writes(seen_[step - 1], seen_[step], page.first) &&
             writes(seen_[step], seen_[step + 1], page.first);
    });
  }

  // Of the message that is worked on.
  std::optional<std::uint32_t> prompt_tokens(std::size_t step) const {
    for (; step < seen_.size(); ++step) {
      if (seen_[step].prompt_tokens) return seen_[step].prompt_tokens;
    }
    return std::nullopt;
  }

  // Whether the last token was decided, by a step that then asked for the next row, without a text.
  bool is_held_back(std::size_t step) const {
    const auto tokens = prompt_tokens(step);
    for (; step > 0 && seen_[step].in_message && tokens; --step) {
      const Seen &at = seen_[step], &before = seen_[step - 1];
      if (at.text || !before.in_message || before.rows < *tokens) return false;
      if (at.rows > before.rows) return true;
    }
    return false;
  }

  // By what comes of it.
  std::uint32_t kind_of_held(std::size_t step) const {
    while (++step < seen_.size() && !seen_[step].text && seen_[step].in_message) continue;
    if (step == seen_.size()) return 0;
    if (!seen_[step].text) return seen_[step].found_stop ? kStop : 0;
    const char first = seen_[step].text->front();
    if (static_cast<unsigned char>(first) >= 0x80) return kCharacter;
    for (const json& request : conversation_.requests) {
      for (const std::string& stop : request.value("stop", std::vector<std::string>())) {
        if (stop.front() == first) return kStop;
      }
    }
    return 0;
  }

  const std::vector<Seen>& seen_;
  const Conversation& conversation_;
};

std::uint64_t hash_of(const std::vector<std::string>& records) {
  std::string all;
  for (const std::string& record : records) all += record + '\n';
  return xxh3(std::as_bytes(std::span(all)));
}

}  // namespace

Step make_step(actor::Actor& actor, std::vector<std::string>& records) {
  records.clear();
  must(actor.run([&](std::string_view record) { records.emplace_back(record); }, 1));
  return {digest_of(actor), hash_of(records), 0};
}

std::vector<Step> trace(actor::Actor& actor, const Conversation& conversation) {
  std::vector<std::string> records;
  std::vector<Step> steps = {{digest_of(actor), hash_of(records), 0}};
  std::vector<Seen> seen = {look_at(actor, records)};
  while (actor.is_ready()) {
    steps.push_back(make_step(actor, records));
    seen.push_back(look_at(actor, records));
  }
  const Kinds kinds(seen, conversation);
  for (std::size_t i = 0; i < steps.size(); ++i) steps[i].kinds = kinds.of_cut_after(i);
  return steps;
}

void write_trace(const std::string& path, const std::vector<Step>& steps) {
  json list = json::array();
  for (const Step& step : steps) list.push_back({step.digest, step.records, step.kinds});
  std::ofstream(path) << list;
}

std::vector<Step> read_trace(const std::string& path) {
  std::ifstream file(path);
  std::vector<Step> steps;
  for (const json& step : json::parse(file)) {
    steps.push_back(
        {step[0].get<std::uint64_t>(), step[1].get<std::uint64_t>(), step[2].get<std::uint32_t>()});
  }
  return steps;
}

}  // namespace driftwood::test
