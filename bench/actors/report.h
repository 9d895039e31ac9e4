// The figures of a benchmark: for people as lines, for programs as JSON.
#pragma once

#include <driftwood/bench.h>

#include <optional>
#include <string>
#include <vector>

namespace driftwood::costs {

struct Figure {
  std::string what;
  Spread spread;
  std::string unit;
  std::optional<double> limit = {};  // at most, for the median
};

struct Report {
  std::string processor, device, model;
  std::vector<Figure> figures;
};

// A figure that was measured once.
Spread once(double value);

std::string as_text(const Report& report);
std::string as_json(const Report& report);

}  // namespace driftwood::costs
