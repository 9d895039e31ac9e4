#include <gtest/gtest.h>

#include <cmath>

#include "llama/config.h"

namespace driftwood::guests::llama {
namespace {

Config plain(std::uint32_t head_dim, double theta) {
  Config config = {};
  config.head_dim = head_dim;
  config.rope_theta = theta;
  return config;
}

TEST(Rope, unscaled_frequencies_are_powers_of_theta) {
  const auto frequencies = inverse_frequencies(plain(8, 10000));
  ASSERT_EQ(frequencies.size(), 4u);
  EXPECT_FLOAT_EQ(frequencies[0], 1.0f);
  EXPECT_FLOAT_EQ(frequencies[1], 0.1f);
  EXPECT_FLOAT_EQ(frequencies[2], 0.01f);
  EXPECT_FLOAT_EQ(frequencies[3], 0.001f);
}

// The published rule in terms of wavelengths, as an independent computation.
double by_wavelength(double frequency) {
  const double factor = 32, low = 1, high = 4, original = 8192, pi = 3.14159265358979323846;
  const double wavelength = 2 * pi / frequency;
  if (wavelength < original / high) return frequency;
  if (wavelength > original / low) return frequency / factor;
  const double smooth = (original / wavelength - low) / (high - low);
  return (1 - smooth) * frequency / factor + smooth * frequency;
}

TEST(Rope, llama3_scaling_keeps_short_waves_slows_long_ones_and_fades_between) {
  Config config = plain(64, 500000);
  config.rope = {true, 32, 1, 4, 8192};
  const auto scaled = inverse_frequencies(config);
  int kept = 0, slowed = 0, between = 0;
  for (std::size_t j = 0; j < scaled.size(); ++j) {
    const double plain_frequency = std::pow(500000.0, -2.0 * static_cast<double>(j) / 64);
    const double expected = by_wavelength(plain_frequency);
    EXPECT_FLOAT_EQ(scaled[j], static_cast<float>(expected)) << j;
    kept += expected == plain_frequency;
    slowed += expected == plain_frequency / 32;
    between += expected != plain_frequency && expected != plain_frequency / 32;
  }
  EXPECT_GT(kept, 0);
  EXPECT_GT(slowed, 0);
  EXPECT_GT(between, 0);
}

}  // namespace
}  // namespace driftwood::guests::llama
