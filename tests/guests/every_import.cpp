// A guest that calls every import of its ABI version, rightly and wrongly, and writes what each
// gave as a record: "name result". It needs no model; what varies between hosts is left out.
#include <array>
#include <cstdio>
#include <string>

#include "driftwood.h"
#include "driftwood_program.hpp"

namespace {

namespace sdk = driftwood::sdk;

constexpr std::uint32_t kPage = 65536;

alignas(kPage) float shared[kPage / sizeof(float)];  // x at 0, y at 64
std::int32_t graph = 0, window = 0, state = 0, memory = 0;

void report(const std::string& name, std::int64_t result) {
  const std::string record = name + " " + std::to_string(result);
  dw_output_write(record.data(), static_cast<std::uint32_t>(record.size()));
}

// y = x + x, x appended to a state, over 4 rows of 4, and 4 elements of a register doubled.
std::vector<std::uint8_t> program() {
  sdk::Program program;
  const auto rows = program.symbol(4);
  const auto x = program.window(sdk::DType::f32, {rows, 1, 4});
  const auto y = program.window(sdk::DType::f32, {rows, 1, 4});
  program.add(x, x, y);
  program.append_rows(x, program.state_plane(0, 0, sdk::DType::f32, 1, 4));
  const auto value = program.state_register(sdk::DType::f32, {1, 4});
  program.add(value.before, value.before, value.after);
  return program.encode();
}

void talk() {
  report("abi_version", dw_abi_version());
  report("log", dw_log(DW_LOG_DEBUG, "every import", 12));
  report("log of no level", dw_log(99, "", 0));
  report("error_text", dw_error_text(nullptr, 0) > 0);
  std::printf("printf\n");
  std::uint64_t number = 0;
  report("random_seed", dw_random_seed(&number));
  report("now", dw_now(&number));
  char message[8];
  report("message_read", dw_message_read(message, sizeof message));
  report("output_write outside", dw_output_write("", 0xffffffff));
}

void ask_for_a_model() {
  char text[8];
  std::int32_t ids[4] = {};
  dw_weight_info info;
  report("model_open", dw_model_open(0));
  report("model_config", dw_model_config(1, DW_CONFIG_MODEL, text, sizeof text));
  report("model_weight", dw_model_weight(1, "w", 1, &info));
  report("tokens_encode", dw_tokens_encode(1, "text", 4, 1, ids, 4));
  report("tokens_decode", dw_tokens_decode(1, ids, 4, 0, 1, text, sizeof text));
}

void prepare() {
  const auto encoded = program();
  const auto size = static_cast<std::uint32_t>(encoded.size());
  report("graph_compile", graph = dw_graph_compile(0, encoded.data(), size));
  report("graph_compile of less", dw_graph_compile(0, encoded.data(), size - 1));
  report("window_share", window = dw_window_share(shared, kPage, DW_READ_WRITE));
  report("window_share again", dw_window_share(shared, kPage, DW_READ));
  const dw_state_shape shape = {DW_F32, 1, 1, 4, 8};
  report("state_append", state = dw_state_append(&shape));
  const dw_register_shape value = {DW_F32, 2, {1, 4, 0, 0}};
  report("state_register", memory = dw_state_register(&value));
  const std::array<dw_binding, 4> bindings = {
      dw_binding{DW_SLOT_WINDOW, 0, static_cast<std::uint32_t>(window), 0},
      dw_binding{DW_SLOT_WINDOW, 1, static_cast<std::uint32_t>(window), 256},
      dw_binding{DW_SLOT_STATE, 0, static_cast<std::uint32_t>(state), 0},
      dw_binding{DW_SLOT_REGISTER, 0, static_cast<std::uint32_t>(memory), 0}};
  const std::uint32_t rows = 4;
  report("graph_start unbound", dw_graph_start(graph, &rows, 1));
  report("graph_bind", dw_graph_bind(graph, bindings.data(), 4));
  for (int i = 0; i < 16; ++i) shared[i] = static_cast<float>(i);
  report("graph_start", dw_graph_start(graph, &rows, 1));
  report("graph_cancel", dw_graph_cancel(1));
  report("graph_start after it", dw_graph_start(graph, &rows, 1));
}

void look(std::int32_t status) {
  report("run done", status);
  std::int64_t sum = 0;
  for (int i = 0; i < 16; ++i) sum += static_cast<std::int64_t>(shared[64 + i]);
  report("sum", sum);
  report("state_length", dw_state_length(state));
  report("state_truncate", dw_state_truncate(state, 3));
  report("state_truncate to more", dw_state_truncate(state, 4));
  report("state_length then", dw_state_length(state));
  report("release",
         dw_release(graph) + dw_release(window) + dw_release(state) + dw_release(memory));
  report("release again", dw_release(window));
}

}  // namespace

std::int32_t driftwood_start() {
  return DW_NEXT_CONTINUE;
}

std::int32_t driftwood_resume(std::int32_t event, std::int32_t status) {
  report("event", event);
  switch (event) {
    case DW_EVENT_CONTINUE:
      return DW_NEXT_IDLE;
    case DW_EVENT_MESSAGE:
      talk();
      ask_for_a_model();
      prepare();
      return DW_NEXT_RUN;
    default:
      look(status);
      return DW_NEXT_FINISHED;
  }
}
