#include <algorithm>
#include <limits>

#include "core/arithmetic.h"
#include "graph/program.h"
#include "guest/abi_imports.h"
#include "guest/device_bytes.h"

namespace driftwood::guest::abi {
namespace {

Result<void> check_symbols(const graph::Program& program, std::span<const u32> symbols) {
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    if (symbols[i] > program.symbol_maxima[i]) {
      return fail(ErrorCode::invalid_argument, "Symbol T{} ({}) is over its maximum ({}).", i,
                  symbols[i], program.symbol_maxima[i]);
    }
  }
  return {};
}

Result<void> check_windows(const Graph& graph, std::span<const u32> symbols) {
  const graph::Program& program = graph.executable->program();
  for (std::size_t slot = 0; slot < graph.bindings->windows.size(); ++slot) {
    const Bindings::Place& bound = graph.bindings->windows[slot];
    if (bound.window == nullptr) {
      return fail(ErrorCode::invalid_argument, "Nothing is bound to window slot {}.", slot);
    }
    const std::uint64_t tensor_bytes = program.tensor_bytes(program.windows[slot].tensor, symbols);
    const std::uint64_t window_bytes = bound.window->buffer().size_bytes();
    if (!range_fits(bound.offset_bytes, tensor_bytes, window_bytes)) {
      return fail(ErrorCode::invalid_argument,
                  "Window slot {} takes {} bytes from {}, but the window has {} bytes.", slot,
                  tensor_bytes, bound.offset_bytes, window_bytes);
    }
  }
  return {};
}

Result<void> check_states(const Graph& graph, std::span<const u32> symbols) {
  const graph::Program& program = graph.executable->program();
  for (std::size_t slot = 0; slot < graph.bindings->states.size(); ++slot) {
    const auto& state = graph.bindings->states[slot];
    if (state == nullptr) {
      return fail(ErrorCode::invalid_argument, "Nothing is bound to state slot {}.", slot);
    }
    if (std::ranges::count(graph.bindings->states, state) > 1) {
      return fail(ErrorCode::invalid_argument,
                  "One state is bound to state slot {} and to another.", slot);
    }
    const std::uint64_t rows = state->length_rows() + program.states[slot].row_dim.value(symbols);
    if (rows > state->shape().most_rows) {
      return fail(ErrorCode::limit, "State slot {} would hold {} rows, over its limit of {}.", slot,
                  rows, state->shape().most_rows);
    }
  }
  return {};
}

Result<void> check_registers(const Graph& graph) {
  for (std::size_t slot = 0; slot < graph.bindings->registers.size(); ++slot) {
    const auto& state = graph.bindings->registers[slot];
    if (state == nullptr) {
      return fail(ErrorCode::invalid_argument, "Nothing is bound to register slot {}.", slot);
    }
    if (std::ranges::count(graph.bindings->registers, state) > 1) {
      return fail(ErrorCode::invalid_argument,
                  "One register is bound to register slot {} and to another.", slot);
    }
  }
  return {};
}

// Rows that a run appends to a state, the most of any.
std::uint64_t appended_rows(const graph::Program& program, std::span<const u32> symbols) {
  std::uint64_t rows = 0;
  for (const graph::StateSlot& slot : program.states) {
    rows = std::max<std::uint64_t>(rows, slot.row_dim.value(symbols));
  }
  return rows;
}

Result<void> check_rows(const GuestState& guest, std::uint64_t added) {
  const std::uint64_t most = guest.services.limits.rows;
  if (guest.rows <= most && added <= most - guest.rows) return {};
  return fail(ErrorCode::limit,
              "The run appends {} rows (tokens), but of the actor's limit of {}, {} are used.",
              added, most, guest.rows);
}

device::Sequence sequence_of(const Bindings& bindings, std::vector<u32> symbols) {
  device::Sequence sequence;
  sequence.symbols = std::move(symbols);
  sequence.windows.reserve(bindings.windows.size());
  for (const Bindings::Place& bound : bindings.windows) {
    sequence.windows.push_back({&bound.window->buffer(), bound.offset_bytes});
  }
  sequence.states.reserve(bindings.states.size());
  for (const auto& state : bindings.states) sequence.states.push_back(state.get());
  sequence.registers.reserve(bindings.registers.size());
  for (const auto& state : bindings.registers) sequence.registers.push_back(state.get());
  return sequence;
}

}  // namespace

Answer graph_start(GuestState& guest, u32 graph, u32 symbols, u32 count) {
  DW_TRY_ASSIGN(const auto found, guest.handles.find<Graph>(graph));
  if (guest.run) {
    return fail(ErrorCode::invalid_argument,
                "Run {} was asked for already; a guest has one at a time.", guest.run->number);
  }
  const graph::Program& program = found->executable->program();
  if (count != program.symbol_maxima.size()) {
    return fail(ErrorCode::invalid_argument,
                "The program has {} symbols, but {} values were given.",
                program.symbol_maxima.size(), count);
  }
  DW_TRY_ASSIGN(std::vector<u32> values, guest.memory.read_array<u32>(symbols, count));
  DW_TRY(check_symbols(program, values));
  DW_TRY(check_windows(*found, values));
  DW_TRY(check_states(*found, values));
  DW_TRY(check_registers(*found));
  DW_TRY(check_run_bytes(guest, *found, values));
  const std::uint64_t rows = appended_rows(program, values);
  DW_TRY(check_rows(guest, rows));
  if (guest.last_run == std::numeric_limits<std::int32_t>::max()) {
    return fail(ErrorCode::limit, "The guest has used all {} run numbers.", guest.last_run);
  }
  // All that may want for memory comes first: without what it holds, a run would point to nothing.
  device::Sequence sequence = sequence_of(*found->bindings, std::move(values));
  guest.run_holds = found->bindings;
  ++guest.last_run;
  guest.rows += rows;
  guest.run = RunRequest{
      .number = guest.last_run, .executable = found->executable, .sequence = std::move(sequence)};
  return guest.last_run;
}

Answer graph_cancel(GuestState& guest, u32 run) {
  if (!guest.run || guest.run->number != run) {
    return fail(ErrorCode::invalid_argument, "Run {} was not asked for in this call.",
                static_cast<std::int32_t>(run));
  }
  guest.rows -= appended_rows(guest.run->executable->program(), guest.run->sequence.symbols);
  guest.drop_run();
  return 0;
}

}  // namespace driftwood::guest::abi
