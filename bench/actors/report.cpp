#include "actors/report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace driftwood::costs {

Spread once(double value) {
  return {value, value, value, 1};
}

std::string as_text(const Report& report) {
  std::string text = fmt::format("{}\n{}\n{}\n", report.processor, report.device, report.model);
  text += fmt::format("{:<68}{:>10}{:>10}{:>10}{:>8}  {}\n", "", "median", "lower", "upper",
                      "count", "unit");
  for (const Figure& figure : report.figures) {
    text +=
        fmt::format("{:<68}{:>10.4g}{:>10.4g}{:>10.4g}{:>8}  {}", figure.what, figure.spread.median,
                    figure.spread.lower, figure.spread.upper, figure.spread.count, figure.unit);
    if (figure.limit) {
      text += fmt::format("  (at most {:g}: {})", *figure.limit,
                          figure.spread.median <= *figure.limit ? "ok" : "MISSED");
    }
    text += '\n';
  }
  return text;
}

std::string as_json(const Report& report) {
  auto figures = nlohmann::json::array();
  for (const Figure& figure : report.figures) {
    nlohmann::json entry = {
        {"what", figure.what},
        {"unit", figure.unit},
        {"median", figure.spread.median},
        {"lower_quartile", figure.spread.lower},
        {"upper_quartile", figure.spread.upper},
        {"count", figure.spread.count},
    };
    if (figure.limit) entry["limit"] = *figure.limit;
    figures.push_back(std::move(entry));
  }
  const nlohmann::json all = {{"processor", report.processor},
                              {"device", report.device},
                              {"model", report.model},
                              {"figures", std::move(figures)}};
  return all.dump(2) + "\n";
}

}  // namespace driftwood::costs
