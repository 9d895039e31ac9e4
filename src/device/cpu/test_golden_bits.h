// The committed hashes of results: tests/goldens/bits.txt, a name and 16 hexadecimal digits a line.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <map>
#include <string>

namespace driftwood::device::testing {

inline const std::map<std::string, std::string>& golden_bits() {
  static const std::map<std::string, std::string> bits = [] {
    std::map<std::string, std::string> read;
    std::ifstream file(DRIFTWOOD_SOURCE_DIR "/tests/goldens/bits.txt");
    for (std::string name, hash; file >> name >> hash;) read[name] = hash;
    return read;
  }();
  return bits;
}

// Fails the test where the file has another hash or none, and prints the line that it would need.
inline void expect_golden_bits(const std::string& name, std::uint64_t hash) {
  const std::string digits = fmt::format("{:016x}", hash);
  const auto golden = golden_bits().find(name);
  EXPECT_TRUE(golden != golden_bits().end() && golden->second == digits)
      << "bits.txt: " << name << " " << digits;
}

}  // namespace driftwood::device::testing
