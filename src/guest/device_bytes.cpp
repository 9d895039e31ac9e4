#include "guest/device_bytes.h"

#include <limits>

#include "core/arithmetic.h"

namespace driftwood::guest {
namespace {

using device::AppendState;

// A sum that does not stop at its end is over every limit.
std::uint64_t add(std::uint64_t a, std::uint64_t b) {
  return checked_add(a, b).value_or(std::numeric_limits<std::uint64_t>::max());
}

std::uint64_t held_bytes(const GuestState& guest) {
  std::uint64_t sum_bytes = 0;
  for (const auto& made : guest.states) {
    const auto state = made.lock();
    if (state == nullptr) continue;
    sum_bytes = add(sum_bytes, state->block_count() * state->block_bytes());
    sum_bytes = add(sum_bytes, state->tokens().size_bytes());
  }
  for (const auto& made : guest.registers) {
    if (const auto state = made.lock()) sum_bytes = add(sum_bytes, state->size_bytes());
  }
  return sum_bytes;
}

// Of the blocks that states lack for the rows of a run. No product overflows: a block has fewer
// than 2^39 bytes, and a state fewer than 2^21 blocks.
std::uint64_t appended_bytes(const device::Executable& executable, const Bindings& bindings,
                             std::span<const std::uint32_t> symbols) {
  const graph::Program& program = executable.program();
  std::uint64_t sum_bytes = 0;
  for (std::size_t slot = 0; slot < bindings.states.size(); ++slot) {
    const AppendState& state = *bindings.states[slot];
    const std::uint64_t rows = state.length_rows() + program.states[slot].row_dim.value(symbols);
    const std::uint64_t needed = AppendState::blocks_of(rows);
    if (needed > state.block_count()) {
      sum_bytes = add(sum_bytes, (needed - state.block_count()) * state.block_bytes());
    }
  }
  return sum_bytes;
}

Result<void> check(const GuestState& guest, std::uint64_t sum_bytes) {
  const std::uint64_t most_bytes = guest.services.limits.device_bytes;
  if (sum_bytes <= most_bytes) return {};
  return fail(ErrorCode::limit,
              "The guest's states, registers and temporaries would take {} bytes of the device, "
              "over its limit of {}.",
              sum_bytes, most_bytes);
}

}  // namespace

Result<void> check_device_bytes(const GuestState& guest, std::uint64_t added_bytes) {
  std::uint64_t sum_bytes = add(held_bytes(guest), added_bytes);
  if (guest.run) {
    const device::Executable& executable = *guest.run->executable;
    const std::vector<std::uint32_t>& symbols = guest.run->sequence.symbols;
    sum_bytes = add(sum_bytes, appended_bytes(executable, *guest.run_holds, symbols));
    sum_bytes = add(sum_bytes, executable.temporary_bytes(symbols));
  }
  return check(guest, sum_bytes);
}

Result<void> check_run_bytes(const GuestState& guest, const Graph& graph,
                             std::span<const std::uint32_t> symbols) {
  const device::Executable& executable = *graph.executable;
  const std::uint64_t states_bytes =
      add(held_bytes(guest), appended_bytes(executable, *graph.bindings, symbols));
  // Of this run alone they are counted where that decides: it takes a look at each tensor.
  if (check(guest, add(states_bytes, executable.most_temporary_bytes()))) return {};
  return check(guest, add(states_bytes, executable.temporary_bytes(symbols)));
}

Result<void> check_program_bytes(const GuestState& guest, std::uint64_t added_bytes) {
  const std::uint64_t sum_bytes = guest.handles.program_bytes() + added_bytes;
  const std::uint64_t most_bytes = guest.services.limits.program_bytes;
  if (sum_bytes <= most_bytes) return {};
  return fail(ErrorCode::limit,
              "The programs of the guest's graphs would take {} bytes, over its limit of {}.",
              sum_bytes, most_bytes);
}

}  // namespace driftwood::guest
