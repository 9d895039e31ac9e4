#include "runtime/statistics.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"

namespace driftwood {

Spread spread_of(std::vector<double> values) {
  DW_CHECK(!values.empty());
  std::ranges::sort(values);
  const auto at = [&](double share) {
    const double place = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return std::lerp(values[below], values[above], place - std::floor(place));
  };
  return {at(0.5), at(0.25), at(0.75), values.size()};
}

Interval interval_of_median(std::vector<double> values) {
  DW_CHECK(!values.empty());
  std::ranges::sort(values);
  // The count of samples below the median is binomial with deviation sqrt(n) / 2.
  const auto count = static_cast<double>(values.size());
  const double reach = 1.96 * std::sqrt(count) / 2;
  const double last = count - 1;
  const auto low = static_cast<std::size_t>(std::max(0.0, std::floor(count / 2 - reach)));
  const auto high = static_cast<std::size_t>(std::min(last, std::ceil(count / 2 + reach)));
  return {values[low], values[high]};
}

}  // namespace driftwood
