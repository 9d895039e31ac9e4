// What a request changes in a row of logits before it is sampled: first a bias for chosen ids, then
// the repetition penalty for ids that were in the prompt or the output.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace driftwood::guests::llama {

class Adjustments {
 public:
  Adjustments() = default;  // none

  // `bias` by id, ids within the vocabulary. `penalty` is above 0: a logit above 0 is divided by
  // it, another one is multiplied with it.
  Adjustments(std::uint32_t vocabulary_size, const std::map<std::int32_t, double>& bias,
              double penalty);

  // From now on the penalty is on this id. The id is within the vocabulary.
  void see(std::int32_t id);

  // The ids with a bias or a penalty, each once.
  std::span<const std::int32_t> ids() const { return ids_; }
  bool contains(std::int32_t id) const { return is_penalised(id) || bias_.contains(id); }

  // Never falls as the logit rises, so that a bound of the logit gives one of the result.
  float adjusted(std::int32_t id, float logit) const;

  // Whether a result can be above its logit.
  bool may_raise(std::int32_t id) const;

 private:
  bool is_penalised(std::int32_t id) const {
    return !penalised_.empty() && penalised_[static_cast<std::size_t>(id)];
  }

  std::map<std::int32_t, double> bias_;
  double penalty_ = 1;
  std::vector<bool> penalised_;  // by id; empty where the penalty is 1
  std::vector<std::int32_t> ids_;
};

}  // namespace driftwood::guests::llama
