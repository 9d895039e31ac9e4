// What the processes of a test of cut points do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "actors/cut_points/conversations.h"
#include "core/error.h"

namespace driftwood::test {

// One part of the work, for a process of its own.
struct Part {
  Folders folders;
  std::size_t conversation = 0;  // of conversations()
  std::string device = "cpu";    // a kind
  std::string isa;               // as in device::DeviceOptions
  std::uint64_t cut = 0;         // steps before it
  std::uint64_t steps = 50;      // after it
  std::string file;              // the frozen actor
  std::string trace;             // a file of write_trace()
};

// Makes the conversation from its beginning to its end, and writes the trace.
void make_whole(const Part& part);

// Makes the steps before the cut, freezes the actor to the file, and kills this process.
[[noreturn]] void freeze_and_die(const Part& part);

// Thaws the file and makes the steps after the cut. Errors: corrupt, with what is not as in the
// trace.
Result<void> resume_and_compare(const Part& part);

}  // namespace driftwood::test
