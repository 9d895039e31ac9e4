// Freezes conversations at random places, each in a process that is then killed, and lets each go
// on in a new one.
#pragma once

#include <cstdint>
#include <string>

#include "actors/cut_points/conversations.h"

namespace driftwood::test {

struct Plan {
  std::string program;  // this one, for the processes
  Folders folders;
  std::uint64_t cuts = 50;
  std::uint64_t seed = 1;
  std::uint64_t steps = 50;  // that are compared after each cut
  unsigned processes = 2;    // at a time
  std::string device = "cpu";
  std::string freeze_isa, thaw_isa;
  std::string only;  // in the names of the conversations
};

// Prints what it did. Whether every actor went on as if it had not been cut, and, of 50 cuts or
// more of all conversations for the same instruction set, there were some of every kind.
// Conversations whose model or recording is missing are left out, and say so.
bool cut_and_compare(const Plan& plan);

}  // namespace driftwood::test
