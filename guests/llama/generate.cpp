#include "llama/generate.h"

#include <algorithm>

#include "llama/adjustments.h"
#include "llama/records.h"
#include "llama/stop_strings.h"
#include "llama/token_text.h"

namespace driftwood::guests::llama {
namespace {

using sdk::Result;
using sdk::Task;

// The prompt's ids. Errors: none, more than the context holds, or one outside the vocabulary.
Result<std::vector<std::int32_t>> prompt_ids(const sdk::Model& model, const Decoder& decoder,
                                             const Request& request) {
  std::vector<std::int32_t> ids = request.prompt_ids;
  if (request.prompt) {
    auto encoded = model.encode(*request.prompt, true);
    if (!encoded) return std::unexpected(encoded.error());
    ids = std::move(*encoded);
  }
  if (ids.empty())
    return sdk::fail(DW_E_INVALID, "The prompt has no tokens; at least one is needed.");
  const std::uint32_t context = decoder.options().context_rows;
  if (ids.size() > context) {
    return sdk::fail(DW_E_LIMIT, "The prompt has " + std::to_string(ids.size()) +
                                     " tokens; the context holds " + std::to_string(context) + ".");
  }
  const std::uint32_t vocabulary = decoder.config().vocabulary_size;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < 0 || static_cast<std::uint32_t>(ids[i]) >= vocabulary) {
      return sdk::fail(DW_E_INVALID, "Prompt token " + std::to_string(i) + " is " +
                                         std::to_string(ids[i]) +
                                         "; the model's ids go from 0 to " +
                                         std::to_string(vocabulary - 1) + ".");
    }
  }
  return ids;
}

// Whether logits of more than the last position of the prompt are wanted.
bool scores_prompt(const Request& request) {
  return request.prompt_logprobs || request.score_from;
}

// Errors: a score from past the prompt, or more of it answered than there is; an id with a bias
// that is outside the vocabulary; text asked of a model that has no tokenizer, or a stop string,
// which is text.
Result<void> check_request(const sdk::Model& model, const Decoder& decoder, const Request& request,
                           std::size_t prompt_tokens) {
  if (request.score_from && *request.score_from >= prompt_tokens) {
    return sdk::fail(DW_E_INVALID, "\"score_from\" is " + std::to_string(*request.score_from) +
                                       "; the prompt's last position is " +
                                       std::to_string(prompt_tokens - 1) + ".");
  }
  if (request.answered > prompt_tokens) {
    return sdk::fail(DW_E_INVALID, "\"answered\" is " + std::to_string(request.answered) +
                                       "; the prompt has " + std::to_string(prompt_tokens) +
                                       " tokens.");
  }
  const std::uint32_t vocabulary = decoder.config().vocabulary_size;
  for (const auto& [id, bias] : request.logit_bias) {
    if (static_cast<std::uint32_t>(id) < vocabulary) continue;
    return sdk::fail(DW_E_INVALID, "\"logit_bias\" names the token " + std::to_string(id) +
                                       "; the model's ids go from 0 to " +
                                       std::to_string(vocabulary - 1) + ".");
  }
  const bool wants_text = !request.reports_tokens || !request.stop.empty();
  if (!wants_text || model.has_tokenizer()) return {};
  return sdk::fail(DW_E_UNSUPPORTED,
                   request.reports_tokens
                       ? "The model has no tokenizer, so there is no text to find \"stop\" in."
                       : "The model has no tokenizer, so there is no text; ask for tokens.");
}

// The first position of the prompt whose logits are wanted.
std::size_t first_logits(const Request& request, std::size_t prompt_tokens) {
  if (request.prompt_logprobs) return 0;
  return request.score_from ? *request.score_from - 1 : prompt_tokens - 1;
}

struct Choice {
  std::int32_t id;
  float logprob;
};

class Generation {
 public:
  Generation(const sdk::Model& model, Decoder& decoder, const Defaults& defaults,
             const Request& request, std::span<const std::int32_t> prompt, std::uint64_t seed,
             std::uint64_t arrival_ns)
      : decoder_(decoder),
        defaults_(defaults),
        request_(request),
        prompt_(prompt),
        random_(seed),
        adjustments_(decoder.config().vocabulary_size, request.logit_bias,
                     request.repetition_penalty),
        stops_(request.stop),
        arrival_ns_(arrival_ns),
        prompt_text_(decode_with(model), {}),
        text_(decode_with(model), prompt.first(prompt.size() - request.answered)) {
    usage_ = {.prompt_tokens = prompt.size(), .cached_tokens = decoder.length_rows(), .seed = seed};
    for (const std::int32_t id : prompt) adjustments_.see(id);
    // What was held back of the answer so far is held back again; the rest was reported.
    for (const std::int32_t id : prompt.last(request.answered)) stops_.add(text_.add(id, false));
  }

  // Writes the records, the last two of them too.
  Task<Result<void>> run() {
    std::string_view reason;
    auto outcome = co_await prefill();
    if (outcome) outcome = co_await decode(reason);
    // Nothing is held back any more if the last token was the last one.
    if (!request_.reports_tokens) {
      report_text(stops_.add(text_.finish()));
      report_text(stops_.finish());
    }
    if (!outcome) {
      const std::int32_t code = outcome.error().code;
      if (code != DW_E_CANCELLED && code != DW_E_TIMEOUT) co_return outcome;
      reason = code == DW_E_TIMEOUT ? "deadline" : "cancelled";
    }
    const std::uint64_t whole_ns = sdk::now_ns() - arrival_ns_;
    if (usage_.completion_tokens == 0) usage_.prefill_ns = whole_ns;
    usage_.decode_ns = whole_ns - usage_.prefill_ns;
    sdk::write_output(usage_record(usage_));
    sdk::write_output(done_record(reason, stops_.found()));
    co_return Result<void>();
  }

 private:
  static Decode decode_with(const sdk::Model& model) {
    if (!model.has_tokenizer()) {  // asking for each token would cost more than choosing it
      return [](auto...) -> Result<std::string> { return sdk::fail(DW_E_NOT_FOUND, {}); };
    }
    return [&model](std::span<const std::int32_t> ids, std::size_t skip, bool complete) {
      return model.decode(ids, skip, complete);
    };
  }

  std::size_t first_logits() const { return llama::first_logits(request_, prompt_.size()); }

  // Where the piece of the prompt that begins here ends.
  std::size_t piece_end(std::size_t begin) const {
    std::size_t rows = request_.prefill_piece;
    if (scores_prompt(request_)) {
      const std::size_t first = first_logits();
      rows = std::min<std::size_t>(rows, begin < first ? first - begin : kMostLogitRows);
    }
    return std::min(begin + rows, prompt_.size());
  }

  Task<Result<void>> prefill() {
    if (request_.prompt_logprobs) report_prompt(0, {}, {});
    double score = 0;
    for (std::size_t begin = decoder_.length_rows(), end = 0; begin < prompt_.size(); begin = end) {
      end = piece_end(begin);
      const std::size_t first = std::min(std::max(begin, first_logits()), end);
      logit_rows_ = static_cast<std::uint32_t>(end - first);
      // Each row is asked for the logit of the token that follows it; the last one has none yet.
      std::vector<std::int32_t> given(logit_rows_, 0);
      const std::size_t last = std::min(end + 1, prompt_.size());
      if (first < end)
        std::copy(prompt_.begin() + first + 1, prompt_.begin() + last, given.begin());
      if (auto done = co_await decoder_.run(prompt_.subspan(begin, end - begin), given); !done) {
        co_return done;
      }
      for (std::size_t position = first + 1; position < last; ++position) {
        const auto row = static_cast<std::uint32_t>(position - first - 1);
        const BestLogits best = decoder_.best(row);
        const float logprob = decoder_.given_logit(row) - best.log_sum_exp;
        if (request_.prompt_logprobs) report_prompt(position, logprob, best);
        if (position >= request_.score_from.value_or(prompt_.size())) score += logprob;
      }
    }
    if (request_.score_from) {
      sdk::write_output(score_record(prompt_.size() - *request_.score_from, score));
    }
    co_return Result<void>();
  }

  void report_prompt(std::size_t position, std::optional<float> logprob,
                     std::optional<BestLogits> best) {
    const std::int32_t id = prompt_[position];
    const bool last = position + 1 == prompt_.size();
    sdk::write_output(
        token_record({id, prompt_text_.add(id, last), logprob, true, best, request_.top_logprobs}));
  }

  Task<Result<void>> decode(std::string_view& reason) {
    while (usage_.completion_tokens < request_.max_tokens) {
      const auto choice = co_await choose(logit_rows_ - 1);
      if (!choice) co_return std::unexpected(choice.error());
      if (usage_.completion_tokens++ == 0) usage_.prefill_ns = sdk::now_ns() - arrival_ns_;
      adjustments_.see(choice->id);
      std::string_view end = reason_to_end(choice->id);
      report(*choice, !end.empty());
      if (stops_.found()) end = "stop";
      if (!end.empty()) {
        reason = end;
        co_return Result<void>();
      }
      if (auto on = sdk::may_go_on(); !on) co_return on;
      const std::int32_t nothing_given = 0;
      logit_rows_ = 1;
      auto done = co_await decoder_.run(std::span(&choice->id, 1), std::span(&nothing_given, 1));
      if (!done) co_return done;
    }
    reason = "length";
    co_return Result<void>();
  }

  // Why no token follows this one; empty if one does.
  std::string_view reason_to_end(std::int32_t id) const {
    const bool is_eos = std::ranges::find(defaults_.eos_ids, id) != defaults_.eos_ids.end();
    if (is_eos && !request_.ignore_eos) return "stop";
    if (usage_.completion_tokens >= request_.max_tokens) return "length";
    if (decoder_.length_rows() >= decoder_.options().context_rows) return "context";
    return {};
  }

  Task<Result<Choice>> choose(std::uint32_t row) {
    const BestLogits best = decoder_.best(row);
    const Random before = random_;
    if (const auto id = sample_best(best, request_.sampler, adjustments_, random_)) {
      const auto place = std::ranges::find(best.ids, *id) - best.ids.begin();
      co_return Choice{*id, best.logits[static_cast<std::size_t>(place)] - best.log_sum_exp};
    }
    const auto logits = co_await decoder_.whole_row(row);
    if (!logits) co_return std::unexpected(logits.error());
    random_ = before;
    const std::int32_t id = sample_row(*logits, best, request_.sampler, adjustments_, random_);
    co_return Choice{id, (*logits)[static_cast<std::size_t>(id)] - best.log_sum_exp};
  }

  void report(const Choice& choice, bool last) {
    std::string text = text_.add(choice.id, last);
    std::string passed = stops_.add(text);
    if (request_.reports_tokens) {
      sdk::write_output(token_record({choice.id, std::move(text), choice.logprob, false,
                                      decoder_.best(logit_rows_ - 1), request_.top_logprobs}));
    } else {
      report_text(passed);
    }
  }

  void report_text(const std::string& text) {
    if (!text.empty()) sdk::write_output(text_record(text));
  }

  Decoder& decoder_;
  const Defaults& defaults_;
  const Request& request_;
  std::span<const std::int32_t> prompt_;
  Random random_;
  Adjustments adjustments_;
  StopStrings stops_;
  std::uint64_t arrival_ns_;
  TokenText prompt_text_, text_;
  Usage usage_ = {};
  std::uint32_t logit_rows_ = 0;  // of the last run
};

}  // namespace

Task<Result<void>> generate(const sdk::Model& model, Decoder& decoder, const Defaults& defaults,
                            Request request, std::uint64_t arrival_ns) {
  const auto prompt = prompt_ids(model, decoder, request);
  if (!prompt) co_return std::unexpected(prompt.error());
  if (auto checked = check_request(model, decoder, request, prompt->size()); !checked)
    co_return checked;
  std::uint64_t seed = request.seed.value_or(0);
  if (!request.seed) {
    if (auto drawn = sdk::succeeded(dw_random_seed(&seed)); !drawn) co_return drawn;
    seed >>= 11;  // to 2^53 - 1, which JSON readers keep exact
  }
  const std::size_t most_kept = request.reuse_prefix ? first_logits(request, prompt->size()) : 0;
  if (auto begun = decoder.begin(scores_prompt(request) ? kMostLogitRows : 1, *prompt, most_kept);
      !begun) {
    co_return begun;
  }
  Generation generation(model, decoder, defaults, request, *prompt, seed, arrival_ns);
  co_return co_await generation.run();
}

}  // namespace driftwood::guests::llama
