// The compute devices of this machine, as an embedder sees them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace driftwood {

struct DeviceInfo {
  std::string name;         // what RuntimeOptions::device takes: "cpu"
  std::string description;  // for people: "CPU, 2 threads, AVX2"
  std::string numerics;     // equal ids guarantee equal bits (docs/numerics.md)
};

// Names of the devices that can be opened here, best first.
std::vector<std::string> device_names();

}  // namespace driftwood
