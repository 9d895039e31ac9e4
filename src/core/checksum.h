// The checksum of stored bytes. It finds damage, not intent: anybody can make bytes for a checksum.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace driftwood {

// XXH3 of 64 bits, seed 0, of the parts one after another: how they are cut makes no difference.
std::uint64_t xxh3(std::span<const std::span<const std::byte>> parts);
std::uint64_t xxh3(std::span<const std::byte> bytes);

// The same of bytes that come piece by piece.
class Checksum {
 public:
  Checksum();
  ~Checksum();
  Checksum(const Checksum&) = delete;
  Checksum& operator=(const Checksum&) = delete;

  void add(std::span<const std::byte> bytes);
  std::uint64_t value() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace driftwood
