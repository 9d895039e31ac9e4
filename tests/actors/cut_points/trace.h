// What a conversation is after each of its steps when nothing interrupts it, and of which kinds a
// cut at that place would be.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actor/actor.h"
#include "actors/cut_points/conversations.h"

namespace driftwood::test {

// Kinds of cuts, as bits of Step::kinds.
enum Kind : std::uint32_t {
  kPage = 1,       // within a page of guest memory: the steps on both sides of the cut write to it
  kBlock = 2,      // within a block of the KV cache
  kCharacter = 4,  // within a character, whose first bytes are held back
  kStop = 8,       // within what may be a stop string, which is held back
  kPrefill = 16,   // between two pieces of a prompt
  kAudio = 32,     // within a recording
  kMailbox = 64,   // while messages wait
};
struct NamedKind {
  Kind kind;
  std::string_view name;
};
inline constexpr std::array kKinds = {
    NamedKind{kPage, "page"},           NamedKind{kBlock, "KV block"},
    NamedKind{kCharacter, "character"}, NamedKind{kStop, "stop string"},
    NamedKind{kPrefill, "prefill"},     NamedKind{kAudio, "audio"},
    NamedKind{kMailbox, "mailbox"},
};

struct Step {
  std::uint64_t digest = 0;   // of the actor after it
  std::uint64_t records = 0;  // hash of those written in it
  std::uint32_t kinds = 0;    // of a cut after it
  bool operator==(const Step&) const = default;
};

// One step of an actor. Its kinds are not known.
Step make_step(actor::Actor& actor, std::vector<std::string>& records);

// The steps to the end of an actor that has its messages and was not started; [0] is what it is
// before the first one.
std::vector<Step> trace(actor::Actor& actor, const Conversation& conversation);

void write_trace(const std::string& path, const std::vector<Step>& steps);
std::vector<Step> read_trace(const std::string& path);

}  // namespace driftwood::test
