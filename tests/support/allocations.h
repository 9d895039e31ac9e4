// Counts what the program that this is linked into holds of the heap, through operator new. What
// WebAssembly's engine takes is not counted.
#pragma once

#include <cstdint>

namespace driftwood::test {

// Of the thread that made it, from then on.
class Allocations {
 public:
  Allocations();

  // The most that was held at once beyond what was held at the beginning.
  std::uint64_t peak_bytes() const;
  // The largest single piece.
  std::uint64_t largest_bytes() const;

 private:
  std::int64_t begin_bytes_;
};

}  // namespace driftwood::test
