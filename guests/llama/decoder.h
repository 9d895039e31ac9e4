// A Llama model at work: its programs compiled, its windows and its KV cache.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "driftwood.hpp"
#include "llama/config.h"
#include "llama/program.h"
#include "llama/sampler.h"

namespace driftwood::guests::llama {

class Decoder {
 public:
  // Errors: those of the host, for weights, memory and the device.
  static sdk::Result<Decoder> create(const sdk::Model& model, Config config, Options options,
                                     Weights weights);

  // Begins a new sequence; `most_logit_rows` is what the runs to come ask for at most. Where it
  // begins as the last one did, these rows stay, at most `most_kept` of them: length_rows() says
  // how many.
  sdk::Result<void> begin(std::uint32_t most_logit_rows, std::span<const std::int32_t> ids,
                          std::size_t most_kept);

  // Appends 1 to kMostPieceRows ids and computes the logits after the last `given.size()` of them;
  // `given` are ids whose logits are wanted there. Errors: DW_E_CANCELLED, the sequence as before;
  // others likewise.
  sdk::Task<sdk::Result<void>> run(std::span<const std::int32_t> ids,
                                   std::span<const std::int32_t> given);

  // Of the last run, by row of `given`. Valid until the next run.
  BestLogits best(std::uint32_t row) const;
  float given_logit(std::uint32_t row) const { return logits_.given_logits[row]; }

  // All logits of one row of the last run. Valid until the next call.
  sdk::Task<sdk::Result<std::span<const float>>> whole_row(std::uint32_t row);

  std::uint32_t length_rows() const { return static_cast<std::uint32_t>(row_ids_.size()); }
  const Config& config() const { return config_; }
  const Options& options() const { return options_; }

 private:
  struct PieceWindow {
    sdk::SharedBuffer buffer;
    sdk::Shared<std::int32_t> ids, positions;
    sdk::Shared<float> frequencies;
  };
  struct LogitsWindow {
    sdk::SharedBuffer buffer;
    sdk::Shared<std::int32_t> rows, given_ids, best_ids;
    sdk::Shared<float> hidden, best_logits, log_sum_exp, given_logits;
  };
  struct Head {
    sdk::SharedBuffer buffer;
    sdk::Shared<float> logits;
    sdk::Graph graph;
    std::uint32_t hidden_slot;
  };

  Decoder(const sdk::Model& model, Config config, Options options, Weights weights)
      : model_(&model),
        config_(config),
        options_(options),
        weights_(std::move(weights)),
        recorded_(record_decoder(config_, weights_, options_.kv_dtype)) {}

  // Binds a tensor of the program, unless `bound` holds the error of one before.
  template <typename T>
  void bind(sdk::Result<void>& bound, sdk::Tensor tensor, const sdk::Shared<T>& elements) {
    if (bound) bound = graph_.bind(recorded_.program.slot(tensor), elements);
  }
  sdk::Result<void> make_piece_window();
  sdk::Result<void> make_logits_window(std::uint32_t rows);
  sdk::Result<void> make_head();

  const sdk::Model* model_;
  Config config_;
  Options options_;
  Weights weights_;
  DecoderProgram recorded_;
  PieceWindow piece_;
  LogitsWindow logits_;
  sdk::State cache_;
  sdk::Graph graph_;
  std::optional<Head> head_;           // made when a whole row is first wanted
  std::vector<std::int32_t> row_ids_;  // of the cache's rows
};

}  // namespace driftwood::guests::llama
