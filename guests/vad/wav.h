// WAV files: RIFF chunks, of which "fmt " says how the samples are stored and "data" holds them
// (Multimedia Programming Interface and Data Specifications 1.0, IBM and Microsoft, 1991).
#pragma once

#include <cstdint>
#include <span>

#include "driftwood_result.hpp"

namespace driftwood::guests::vad {

inline constexpr std::uint32_t kSampleRate = 16000;

// Samples of a mono file of 16 kHz, each two bytes, little-endian.
class Samples {
 public:
  explicit Samples(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  std::size_t size() const { return bytes_.size() / 2; }
  // From -1 to below 1.
  float operator[](std::size_t i) const {
    const auto value = static_cast<std::int16_t>(bytes_[2 * i] | bytes_[2 * i + 1] << 8);
    return static_cast<float>(value) / 32768;
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

// The samples lie in `file`, which outlives them. Errors: DW_E_CORRUPT for what is no WAV file or
// ends early; DW_E_UNSUPPORTED for other samples than 16-bit PCM, mono, 16 kHz.
sdk::Result<Samples> parse_wav(std::span<const std::uint8_t> file);

}  // namespace driftwood::guests::vad
