// The guest behind `driftwood probe`: writes numbers into a window that was bound before, has the
// device change them, and times calls into the host. It uses the plain C imports only.
//
// Any message starts one round; the answer is one record:
// {"byte_identity":true,"host_call_ns":9.8}.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "driftwood.h"
#include "driftwood_program.hpp"

namespace {

namespace sdk = driftwood::sdk;

constexpr std::uint32_t kWindowBytes = 65536;
constexpr std::uint32_t kCount = 1024;  // elements of each of the three tensors
constexpr std::uint32_t kHostCalls = 1'000'000;

float* window;  // [3][kCount] f32: a, b and a + b
std::int32_t graph;
std::uint32_t round_number;

std::int32_t prepare() {
  window = static_cast<float*>(std::aligned_alloc(kWindowBytes, kWindowBytes));
  if (window == nullptr) return DW_E_MEMORY;
  const std::int32_t handle = dw_window_share(window, kWindowBytes, DW_READ_WRITE);
  if (handle < 0) return handle;

  sdk::Program program;
  const sdk::Tensor a = program.window(sdk::DType::f32, {kCount});
  const sdk::Tensor b = program.window(sdk::DType::f32, {kCount});
  const sdk::Tensor sum = program.window(sdk::DType::f32, {kCount});
  program.add(a, b, sum);
  const auto bytes = program.encode();
  graph = dw_graph_compile(0, bytes.data(), static_cast<std::uint32_t>(bytes.size()));
  if (graph < 0) return graph;

  dw_binding bindings[3];
  for (std::uint32_t slot = 0; slot < 3; ++slot) {
    bindings[slot] = {DW_SLOT_WINDOW, slot, static_cast<std::uint32_t>(handle),
                      slot * kCount * static_cast<std::uint32_t>(sizeof(float))};
  }
  return dw_graph_bind(graph, bindings, 3);
}

// Numbers that nobody could have seen when the window was bound.
std::int32_t begin_round() {
  ++round_number;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    window[i] = static_cast<float>(i);
    window[kCount + i] = static_cast<float>(round_number);
    window[2 * kCount + i] = -1;
  }
  const std::int32_t run = dw_graph_start(graph, nullptr, 0);
  return run < 0 ? run : DW_NEXT_RUN;
}

bool changed_in_place() {
  for (std::uint32_t i = 0; i < kCount; ++i) {
    if (window[2 * kCount + i] != static_cast<float>(i + round_number)) return false;
  }
  return true;
}

double host_call_ns() {
  std::uint64_t begin = 0, end = 0;
  dw_now(&begin);
  for (std::uint32_t i = 0; i < kHostCalls; ++i) dw_abi_version();
  dw_now(&end);
  return static_cast<double>(end - begin) / kHostCalls;
}

}  // namespace

std::int32_t driftwood_start() {
  const std::int32_t status = prepare();
  return status < 0 ? status : DW_NEXT_IDLE;
}

std::int32_t driftwood_resume(std::int32_t event, std::int32_t status) {
  if (event == DW_EVENT_MESSAGE) return begin_round();
  if (event != DW_EVENT_RUN_DONE) return DW_NEXT_IDLE;
  if (status < 0) return status;
  char record[96];
  const int size =
      std::snprintf(record, sizeof(record), "{\"byte_identity\":%s,\"host_call_ns\":%.3f}",
                    changed_in_place() ? "true" : "false", host_call_ns());
  const std::int32_t written = dw_output_write(record, static_cast<std::uint32_t>(size));
  return written < 0 ? written : DW_NEXT_IDLE;
}
