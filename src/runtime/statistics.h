// What is said of repeated measurements.
#pragma once

#include <driftwood/bench.h>

#include <vector>

namespace driftwood {

// Median and quartiles, between two values where none is in their place. Precondition: not empty.
Spread spread_of(std::vector<double> values);

inline double median(std::vector<double> values) {
  return spread_of(std::move(values)).median;
}

// Where the median of what was sampled lies with 95 %: between two of the samples, by the binomial
// law, whatever their distribution. Precondition: not empty.
Interval interval_of_median(std::vector<double> values);

}  // namespace driftwood
