// The mnist guest compiled into this program reads digits as its WebAssembly does.
#include <gtest/gtest.h>

#include "mnist/program.h"
#include "support/recogniser_bench.h"

namespace driftwood::test {
namespace {

using guests::mnist::kMostRows;
using guests::mnist::kPixels;

// An IDX file of this magic, with images of noise.
std::string images(std::uint32_t magic, std::uint32_t count) {
  std::string file;
  for (const std::uint32_t word : {magic, count, guests::mnist::kSide, guests::mnist::kSide}) {
    for (int shift = 24; shift >= 0; shift -= 8) file += static_cast<char>(word >> shift);
  }
  std::uint32_t noise = count;
  for (std::uint32_t i = 0; i < count * kPixels; ++i) {
    noise = noise * 1664525 + 1013904223;
    file += static_cast<char>(noise >> 24);
  }
  return file;
}

TEST(NativeMnist, gives_the_records_and_the_bits_of_the_webassembly_guest) {
  const std::string two = images(0x803, 2);
  expect_the_same_natively("mnist", guests::mnist::record_recogniser().program,
                           {two, images(0x803, kMostRows + 1), images(0x803, 0), images(0x801, 2),
                            two.substr(0, two.size() - 1), "", two});
}

}  // namespace
}  // namespace driftwood::test
