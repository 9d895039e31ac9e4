// What an observer of a device is told after each op of each run: for profiles, and for finding the
// first op whose bits differ between two builds or devices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "graph/program.h"

namespace driftwood::device {

struct OpEvent {
  std::uint64_t run;  // the serial of the submission
  const graph::Program& program;
  std::uint32_t op;           // index in the program
  std::uint64_t duration_ns;  // of the op alone
  // The bytes of each output, in order: pieces that follow one another by sequence, row and head,
  // wherever the device keeps them. Of a state, the rows that the op appended. Valid during the
  // call.
  std::span<const std::vector<std::span<const std::byte>>> outputs;
};

// Does not throw and calls no device.
using OpObserver = std::function<void(const OpEvent&)>;

// FNV-1a of all outputs of an op, one after the other.
std::uint64_t hash_outputs(const OpEvent& event);

}  // namespace driftwood::device
