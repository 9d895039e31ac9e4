// The digit recogniser as a program: twice [convolution 5x5, ReLU], batch norm, max pool 2; twice
// [convolution 3x3, ReLU], batch norm, max pool 2; one linear layer. Weights have the names of the
// checkpoint "layers.N. ...", all f32.
#pragma once

#include <cstdint>

#include "driftwood_program.hpp"

namespace driftwood::guests::mnist {

inline constexpr std::uint32_t kSide = 28;  // pixels
inline constexpr std::uint32_t kPixels = kSide * kSide;
inline constexpr std::uint32_t kDigits = 10;
inline constexpr std::uint32_t kMostRows = 100;  // images of one run

struct Recogniser {
  sdk::Program program;
  sdk::Tensor pixels;  // [rows, 1, 28, 28] u8, a window; rows is the only symbol
  sdk::Tensor logits;  // [rows, 10], a window
};

Recogniser record_recogniser();

}  // namespace driftwood::guests::mnist
