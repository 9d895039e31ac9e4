// Silero's voice activity detector (16 kHz, version 6.2) as a program: the magnitudes of a
// short-time Fourier transform, four convolutions, an LSTM cell whose h and c are registers, and
// the probability that somebody speaks in the frame. Weights are named as in the checkpoint, all
// f32.
#pragma once

#include <cstdint>

#include "driftwood_program.hpp"

namespace driftwood::guests::vad {

inline constexpr std::uint32_t kFrameSamples = 512;
inline constexpr std::uint32_t kContextSamples = 64;  // those before the frame
inline constexpr std::uint32_t kStateSize = 128;      // of h and of c

struct Detector {
  sdk::Program program;
  sdk::Tensor samples;        // [1, 1, 576], a window: the context, then the frame
  sdk::Tensor probability;    // [1, 1, 1], a window
  sdk::RegisterTensors h, c;  // [1, 128, 1]
};

Detector record_detector();

}  // namespace driftwood::guests::vad
