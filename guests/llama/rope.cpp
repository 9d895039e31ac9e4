#include <cmath>
#include <numbers>

#include "llama/config.h"

namespace driftwood::guests::llama {

// theta^(-2j / head_dim); with Llama 3.1's scaling, waves longer than the original context over
// low_freq_factor are slowed by `factor`, those shorter than it over high_freq_factor are kept, and
// between the two the slowing fades in.
std::vector<float> inverse_frequencies(const Config& config) {
  std::vector<float> frequencies(config.head_dim / 2);
  const RopeScaling& rope = config.rope;
  for (std::size_t j = 0; j < frequencies.size(); ++j) {
    double frequency = std::pow(config.rope_theta, -2.0 * static_cast<double>(j) / config.head_dim);
    if (rope.scaled) {
      const double waves = rope.original_context * frequency / (2 * std::numbers::pi);
      const double kept = (waves - rope.low_frequency_factor) /
                          (rope.high_frequency_factor - rope.low_frequency_factor);
      const double share = std::fmin(std::fmax(kept, 0), 1);
      frequency = share * frequency + (1 - share) * frequency / rope.factor;
    }
    frequencies[j] = static_cast<float>(frequency);
  }
  return frequencies;
}

}  // namespace driftwood::guests::llama
