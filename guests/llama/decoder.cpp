#include "llama/decoder.h"

#include <algorithm>
#include <numeric>

namespace driftwood::guests::llama {

using sdk::Result;
using sdk::SharedBuffer;

sdk::Result<Decoder> Decoder::create(const sdk::Model& model, Config config, Options options,
                                     Weights weights) {
  Decoder decoder(model, config, options, std::move(weights));
  auto graph = sdk::Graph::compile(&model, decoder.recorded_.program);
  if (!graph) return std::unexpected(graph.error());
  decoder.graph_ = std::move(*graph);

  auto cache =
      sdk::State::create({static_cast<std::uint32_t>(options.kv_dtype), 2 * config.layer_count,
                          config.key_head_count, config.head_dim, options.context_rows});
  if (!cache) return std::unexpected(cache.error());
  decoder.cache_ = std::move(*cache);
  if (auto done = decoder.graph_.bind_state(0, decoder.cache_); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = decoder.make_piece_window(); !done) return std::unexpected(done.error());
  if (auto done = decoder.make_logits_window(1); !done) return std::unexpected(done.error());
  return decoder;
}

Result<void> Decoder::make_piece_window() {
  const std::uint32_t frequency_count = config_.head_dim / 2;
  auto buffer = SharedBuffer::create(2 * SharedBuffer::bytes_for<std::int32_t>(kMostPieceRows) +
                                     SharedBuffer::bytes_for<float>(frequency_count));
  if (!buffer) return std::unexpected(buffer.error());
  piece_.ids = buffer->take<std::int32_t>(kMostPieceRows);
  piece_.positions = buffer->take<std::int32_t>(kMostPieceRows);
  piece_.frequencies = buffer->take<float>(frequency_count);
  piece_.buffer = std::move(*buffer);
  std::ranges::copy(inverse_frequencies(config_), piece_.frequencies.elements.begin());

  Result<void> bound;
  bind(bound, recorded_.ids, piece_.ids);
  bind(bound, recorded_.positions, piece_.positions);
  bind(bound, recorded_.frequencies, piece_.frequencies);
  return bound;
}

Result<void> Decoder::make_logits_window(std::uint32_t rows) {
  // Up to 64 rows of at most 2^24 elements: counts fit into 32 bits, sizes in bytes do not.
  const std::uint32_t best = best_count(config_), hidden = config_.hidden_size;
  auto buffer = SharedBuffer::create(4 * SharedBuffer::bytes_for<std::int32_t>(rows) +
                                     2 * SharedBuffer::bytes_for<std::int32_t>(rows * best) +
                                     SharedBuffer::bytes_for<float>(rows * hidden));
  if (!buffer) return std::unexpected(buffer.error());
  LogitsWindow window;
  window.rows = buffer->take<std::int32_t>(rows);
  window.given_ids = buffer->take<std::int32_t>(rows);
  window.log_sum_exp = buffer->take<float>(rows);
  window.given_logits = buffer->take<float>(rows);
  window.best_ids = buffer->take<std::int32_t>(rows * best);
  window.best_logits = buffer->take<float>(rows * best);
  window.hidden = buffer->take<float>(rows * hidden);
  window.buffer = std::move(*buffer);

  Result<void> bound;
  bind(bound, recorded_.rows, window.rows);
  bind(bound, recorded_.given_ids, window.given_ids);
  bind(bound, recorded_.hidden, window.hidden);
  bind(bound, recorded_.best_ids, window.best_ids);
  bind(bound, recorded_.best_logits, window.best_logits);
  bind(bound, recorded_.log_sum_exp, window.log_sum_exp);
  bind(bound, recorded_.given_logits, window.given_logits);
  // What a graph has bound stays shared, so no graph may keep the window whose memory goes back
  // now.
  if (bound && head_) bound = head_->graph.bind(head_->hidden_slot, window.hidden);
  if (bound) std::swap(logits_, window);
  return bound;
}

Result<void> Decoder::make_head() {
  HeadProgram recorded = record_head(config_, weights_);
  auto graph = sdk::Graph::compile(model_, recorded.program);
  if (!graph) return std::unexpected(graph.error());
  auto buffer = SharedBuffer::create(SharedBuffer::bytes_for<float>(config_.vocabulary_size));
  if (!buffer) return std::unexpected(buffer.error());
  const auto logits = buffer->take<float>(config_.vocabulary_size);
  if (auto done = graph->bind(recorded.program.slot(recorded.logits), logits); !done) return done;
  head_ =
      Head{std::move(*buffer), logits, std::move(*graph), recorded.program.slot(recorded.hidden)};
  return {};
}

Result<void> Decoder::begin(std::uint32_t most_logit_rows, std::span<const std::int32_t> ids,
                            std::size_t most_kept) {
  if (logits_.rows.size() != most_logit_rows) {
    if (auto done = make_logits_window(most_logit_rows); !done) return done;
  }
  const auto same = std::ranges::mismatch(ids, row_ids_).in1 - ids.begin();
  row_ids_.resize(std::min(static_cast<std::size_t>(same), most_kept));
  return cache_.truncate(length_rows());
}

sdk::Task<Result<void>> Decoder::run(std::span<const std::int32_t> ids,
                                     std::span<const std::int32_t> given) {
  const auto piece_rows = static_cast<std::uint32_t>(ids.size());
  const auto logit_rows = static_cast<std::uint32_t>(given.size());
  std::ranges::copy(ids, piece_.ids.elements.begin());
  std::iota(piece_.positions.elements.begin(), piece_.positions.elements.begin() + piece_rows,
            static_cast<std::int32_t>(length_rows()));
  std::ranges::copy(given, logits_.given_ids.elements.begin());
  std::iota(logits_.rows.elements.begin(), logits_.rows.elements.begin() + logit_rows,
            static_cast<std::int32_t>(piece_rows - logit_rows));
  if (auto named = cache_.name_tokens(length_rows(), ids); !named) co_return named;
  auto done = co_await graph_.run(piece_rows, logit_rows);
  if (done)
    row_ids_.insert(row_ids_.end(), piece_.ids.elements.begin(),
                    piece_.ids.elements.begin() + piece_rows);
  co_return done;
}

BestLogits Decoder::best(std::uint32_t row) const {
  const std::uint32_t count = best_count(config_);
  return {logits_.best_ids.elements.subspan(row * count, count),
          logits_.best_logits.elements.subspan(row * count, count), logits_.log_sum_exp[row],
          config_.vocabulary_size};
}

sdk::Task<Result<std::span<const float>>> Decoder::whole_row(std::uint32_t row) {
  if (!head_) {
    if (auto made = make_head(); !made) co_return std::unexpected(made.error());
  }
  const std::uint32_t row_bytes = config_.hidden_size * static_cast<std::uint32_t>(sizeof(float));
  sdk::Shared<float> hidden = logits_.hidden;
  hidden.offset_bytes += row * row_bytes;
  if (auto done = head_->graph.bind(head_->hidden_slot, hidden); !done) {
    co_return std::unexpected(done.error());
  }
  if (auto done = co_await head_->graph.run(); !done) co_return std::unexpected(done.error());
  co_return std::span<const float>(head_->logits.elements);
}

}  // namespace driftwood::guests::llama
