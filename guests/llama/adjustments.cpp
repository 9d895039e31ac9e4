#include "llama/adjustments.h"

namespace driftwood::guests::llama {

Adjustments::Adjustments(std::uint32_t vocabulary_size, const std::map<std::int32_t, double>& bias,
                         double penalty)
    : bias_(bias), penalty_(penalty) {
  if (penalty != 1) penalised_.resize(vocabulary_size);
  for (const auto& [id, value] : bias_) ids_.push_back(id);
}

void Adjustments::see(std::int32_t id) {
  if (penalised_.empty() || is_penalised(id)) return;
  if (!bias_.contains(id)) ids_.push_back(id);
  penalised_[static_cast<std::size_t>(id)] = true;
}

float Adjustments::adjusted(std::int32_t id, float logit) const {
  double result = logit;
  if (const auto bias = bias_.find(id); bias != bias_.end()) result += bias->second;
  if (is_penalised(id)) result = result > 0 ? result / penalty_ : result * penalty_;
  return static_cast<float>(result);
}

bool Adjustments::may_raise(std::int32_t id) const {
  const auto bias = bias_.find(id);
  return (bias != bias_.end() && bias->second > 0) || (penalty_ < 1 && is_penalised(id));
}

}  // namespace driftwood::guests::llama
