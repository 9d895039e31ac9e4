// The vad guest compiled into this program hears speech as its WebAssembly does.
#include <gtest/gtest.h>

#include "support/recogniser_bench.h"
#include "vad/program.h"
#include "vad/wav.h"

namespace driftwood::test {
namespace {

void append(std::string& file, std::uint32_t value, int byte_count) {
  for (int i = 0; i < byte_count; ++i) file += static_cast<char>(value >> 8 * i);
}

// A WAV file of noise in so many channels.
std::string recording(std::uint32_t samples, std::uint32_t channels) {
  std::string file = "RIFF";
  append(file, 36 + 2 * samples, 4);
  file += "WAVEfmt ";
  append(file, 16, 4);
  append(file, 1, 2);
  append(file, channels, 2);
  append(file, guests::vad::kSampleRate, 4);
  append(file, 2 * guests::vad::kSampleRate, 4);
  append(file, 2, 2);
  append(file, 16, 2);
  file += "data";
  append(file, 2 * samples, 4);
  std::uint32_t noise = samples;
  for (std::uint32_t i = 0; i < samples; ++i) {
    noise = noise * 1664525 + 1013904223;
    append(file, noise >> 16, 2);
  }
  return file;
}

TEST(NativeVad, gives_the_records_and_the_bits_of_the_webassembly_guest) {
  const std::string whole = recording(5 * guests::vad::kFrameSamples + 7, 1);
  expect_the_same_natively("vad", guests::vad::record_detector().program,
                           {whole, recording(1, 1), recording(0, 1), recording(512, 2),
                            whole.substr(0, whole.size() - 1), "", whole});
}

}  // namespace
}  // namespace driftwood::test
