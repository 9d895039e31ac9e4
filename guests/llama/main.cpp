// The Llama family as a guest. It loads its model when it starts; what is wrong with the model is
// the answer to every request, so that whoever asks reads the reason.
#include "driftwood.hpp"
#include "json.h"
#include "llama/config.h"
#include "llama/decoder.h"
#include "llama/generate.h"
#include "llama/request.h"

namespace driftwood::guests::llama {
namespace {

using sdk::Result;
using sdk::Task;

struct Session {
  std::unique_ptr<sdk::Model> model;
  Defaults defaults;
  std::unique_ptr<Decoder> decoder;
};

Result<Session> load() {
  Session session;
  auto model = sdk::Model::open();
  if (!model) return std::unexpected(model.error());
  session.model = std::make_unique<sdk::Model>(std::move(*model));

  const auto config_json = session.model->config(DW_CONFIG_MODEL);
  if (!config_json) return std::unexpected(config_json.error());
  const auto generation_json = session.model->config(DW_CONFIG_GENERATION);
  if (!generation_json) return std::unexpected(generation_json.error());
  const auto options_json = session.model->config(DW_CONFIG_OPTIONS);
  if (!options_json) return std::unexpected(options_json.error());

  const auto config = parse_config(*config_json);
  if (!config) return std::unexpected(config.error());
  auto defaults = parse_defaults(*generation_json, *config_json);
  if (!defaults) return std::unexpected(defaults.error());
  session.defaults = std::move(*defaults);
  auto weights =
      check_weights(*config, [&](std::string_view name) { return session.model->weight(name); });
  if (!weights) return std::unexpected(weights.error());
  const auto options = parse_options(*options_json, *config, weights->all_f32);
  if (!options) return std::unexpected(options.error());
  auto decoder = Decoder::create(*session.model, *config, *options, std::move(*weights));
  if (!decoder) return std::unexpected(decoder.error());
  session.decoder = std::make_unique<Decoder>(std::move(*decoder));
  return session;
}

Task<Result<void>> answer(const Result<Session>& session, std::string message) {
  const std::uint64_t arrival_ns = sdk::now_ns();
  if (!session) co_return std::unexpected(session.error());
  auto request = parse_request(message, session->defaults);
  if (!request) co_return std::unexpected(request.error());
  co_return co_await generate(*session->model, *session->decoder, session->defaults,
                              std::move(*request), arrival_ns);
}

Task<Result<void>> run_guest() {
  const Result<Session> session = load();
  while (auto message = co_await sdk::next_message()) {
    const auto done = co_await answer(session, std::move(*message));
    if (!done) sdk::write_output(error_record(done.error()));
  }
  co_return Result<void>();
}

}  // namespace
}  // namespace driftwood::guests::llama

DW_GUEST(driftwood::guests::llama::run_guest)
