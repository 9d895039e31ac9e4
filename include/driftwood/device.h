// The compute devices of this machine, as an embedder sees them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace driftwood {

struct DeviceInfo {
  std::string name;         // what RuntimeOptions::device takes: "cpu", "vulkan:0"
  std::string description;  // for people: "CPU, 2 threads, AVX2"
  std::string numerics;     // equal ids guarantee equal bits (docs/numerics.md)
};

// A device of this machine, or of the kinds that this build knows.
struct DeviceDescription {
  std::string name;         // what RuntimeOptions::device takes: "cpu", "vulkan:1"
  std::string description;  // for people: "NVIDIA H200 (NVIDIA 570.86.15)"
  std::string missing;      // why it cannot be used, and what to do; empty if it can
};

// All of them, the usable ones first and among those the best first; the CPU is always there. Asks
// the drivers, which can take a tenth of a second.
std::vector<DeviceDescription> list_devices();

}  // namespace driftwood
