// A frozen conversation for another model or guest: its tokens are computed again.
#include <driftwood/runtime.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "actor/frozen_file.h"
#include "core/error.h"
#include "guest/input_log.h"
#include "runtime/handles.h"

namespace driftwood {
namespace {

using actor::frozen::File;
using nlohmann::json;

std::unexpected<Error> no_tokens() {
  return fail(ErrorCode::not_found,
              "The frozen actor does not say which tokens its rows stand for, so they cannot be "
              "computed again.");
}

// Of the first state whose rows have them, those of all its rows; none if no state has rows.
Result<std::vector<std::int32_t>> tokens_of(const File& file) {
  const auto& states = file.descriptor().states;
  if (std::ranges::all_of(states, [](const auto& state) { return state.rows == 0; })) {
    return std::vector<std::int32_t>();
  }
  for (std::size_t n = 0; n < states.size(); ++n) {
    const std::string name = fmt::format("state.{}.tokens", n);
    if (file.find(name) == nullptr) continue;
    DW_TRY_ASSIGN(const File::Tensor* tensor, file.require(name, tensor::DType::i32, 1));
    if (tensor->shape[0] < states[n].rows) break;
    std::vector<std::int32_t> ids(states[n].rows);
    DW_TRY(file.read(*tensor, 0, std::as_writable_bytes(std::span(ids))));
    return ids;
  }
  return no_tokens();
}

Result<void> check_tokenizer(const File& file, const model::Model& model) {
  const auto& frozen = file.descriptor().model;
  const std::string had = frozen ? frozen->tokenizer : "";
  if (had == model.fingerprint().tokenizer) return {};
  return fail(ErrorCode::invalid_argument,
              "The tokens of the frozen actor are those of another tokenizer: it has the SHA-256 "
              "{}, that of {} has {}.",
              had.empty() ? "none" : format::in_quotes(had), model.name,
              model.fingerprint().tokenizer.empty() ? "none" : model.fingerprint().tokenizer);
}

// The message that the guest took last; null if it took none, or one that is no object of JSON.
Result<json> last_request(const File& file) {
  DW_TRY_ASSIGN(const File::Tensor* tensor,
                file.require(actor::frozen::kInputLog, tensor::DType::u8, 1));
  DW_TRY_ASSIGN(const auto bytes, file.read_all(*tensor));
  DW_TRY_ASSIGN(const auto inputs, guest::read_inputs(bytes));
  json request;
  for (const guest::Input& input : inputs) {
    if (const auto* message = std::get_if<guest::InputMessage>(&input)) {
      request = json::parse(message->text, nullptr, /*allow_exceptions=*/false);
    }
  }
  return request.is_object() ? request : json();
}

// How many tokens the prompt of a request has.
Result<std::size_t> prompt_size(const json& request, const model::Model& model) {
  if (const auto ids = request.find("prompt_ids"); ids != request.end()) return ids->size();
  const auto prompt = request.find("prompt");
  if (prompt == request.end() || !prompt->is_string() || model.tokenizer == nullptr) return 0;
  DW_TRY_ASSIGN(const auto ids,
                model.tokenizer->encode(prompt->get_ref<const std::string&>(), true));
  return ids.size();
}

// What has the guest compute the tokens: the rest of the request that was being answered, or no
// more than the tokens where there was none. Null where there is nothing to compute.
Result<json> request_of(const File& file, const std::vector<std::int32_t>& tokens,
                        const model::Model& model) {
  DW_TRY_ASSIGN(json request, last_request(file));
  const bool in_message = file.descriptor().in_message;
  if (in_message && request.is_null() && tokens.empty()) return no_tokens();
  if (!in_message || request.is_null()) {
    if (tokens.empty()) return json();
    return json{{"prompt_ids", tokens}, {"max_tokens", 0}, {"output", "tokens"}};
  }
  DW_TRY_ASSIGN(const std::size_t of_prompt, prompt_size(request, model));
  if (tokens.size() <= of_prompt) return request;  // nothing was answered yet
  const std::uint64_t answered = tokens.size() - of_prompt;
  if (const auto most = request.find("max_tokens");
      most != request.end() && most->is_number_unsigned()) {
    const auto asked = most->get<std::uint64_t>();
    *most = asked - std::min(asked, answered);
  }
  // What was reported of the prompt is not reported again.
  for (const char* done : {"prompt", "prompt_logprobs", "score_from"}) request.erase(done);
  request["prompt_ids"] = tokens;
  const auto before = request.find("answered");  // of a request that was computed again itself
  const bool was_begun = before != request.end() && before->is_number_unsigned();
  request["answered"] = answered + (was_begun ? before->get<std::uint64_t>() : 0);
  return request;
}

// The options that the frozen one was given, where these say nothing.
ActorOptions completed(ActorOptions options, const std::string& frozen) {
  const json had = json::parse(frozen, nullptr, /*allow_exceptions=*/false);
  if (!had.is_object()) return options;
  const auto context = had.find("context");
  if (!options.context_rows && context != had.end() && context->is_number_unsigned()) {
    options.context_rows = context->get<std::uint32_t>();
  }
  const auto kv_dtype = had.find("kv_dtype");
  if (options.kv_dtype.empty() && kv_dtype != had.end() && kv_dtype->is_string()) {
    options.kv_dtype = kv_dtype->get<std::string>();
  }
  return options;
}

}  // namespace

Result<Actor> Runtime::reprefill(const std::string& path, const GuestModule& guest,
                                 const Model& model, const ActorOptions& options) const {
  DW_TRY_ASSIGN(const auto file, File::open(path));
  DW_TRY(file.verify_checksums());
  DW_TRY(check_tokenizer(file, *model.impl()));
  DW_TRY_ASSIGN(const auto tokens, tokens_of(file));
  DW_TRY_ASSIGN(const json request, request_of(file, tokens, *model.impl()));
  const auto& frozen = file.descriptor();
  DW_TRY_ASSIGN(Actor actor, spawn(guest, model, completed(options, frozen.options)));
  if (!request.is_null()) {
    actor.send(request.dump(), frozen.in_message ? frozen.left_ns : std::nullopt);
  }
  for (const auto& message : frozen.mailbox) actor.send(message.text.bytes, message.left_ns);
  std::vector<std::string> records;
  for (const auto& record : frozen.output) records.push_back(record.bytes);
  actor.impl_->actor->output() =
      actor::OutputQueue::restore(frozen.output_position, std::move(records));
  return actor;
}

}  // namespace driftwood
