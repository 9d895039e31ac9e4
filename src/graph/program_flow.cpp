#include "graph/program_flow.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "graph/program_records.h"
#include "graph/register_flow.h"
#include "graph/state_flow.h"

namespace driftwood::graph {
namespace {

using ops::Place;

std::unexpected<Error> op_fails(std::size_t op, const Program& program, const Error& error) {
  return std::unexpected(error.with_context(op_context(op, *program.ops[op].definition)));
}

Result<void> collect_windows(std::uint32_t slot_count, Program& program) {
  std::vector<std::optional<std::uint32_t>> tensor_of_slot(slot_count);
  for (std::uint32_t i = 0; i < program.tensors.size(); ++i) {
    const Tensor& tensor = program.tensors[i];
    if (tensor.place != Place::window) continue;
    std::optional<std::uint32_t>& holder = tensor_of_slot[tensor.slot];
    if (holder) {
      return fail(ErrorCode::invalid_argument, "Window slot {} is used by tensors {} and {}.",
                  tensor.slot, *holder, i);
    }
    holder = i;
  }
  for (std::uint32_t slot = 0; slot < slot_count; ++slot) {
    if (!tensor_of_slot[slot]) {
      return fail(ErrorCode::invalid_argument, "Window slot {} of {} is used by no tensor.", slot,
                  slot_count);
    }
    program.windows.push_back({*tensor_of_slot[slot], false});
  }
  return {};
}

bool is_register_after(const Tensor& tensor) {
  return tensor.place == Place::register_state && tensor.plane == ops::kRegisterAfter;
}

// Temporaries, windows and registers in the order of the ops.
class TensorFlow {
 public:
  explicit TensorFlow(const Program& program)
      : program_(program), reads_(program.tensors.size()), writes_(program.tensors.size()) {}

  Result<void> read(std::uint32_t tensor) {
    const Tensor& read = program_.tensors[tensor];
    const bool begins_unwritten = read.place == Place::temporary || is_register_after(read);
    if (begins_unwritten && !writes_[tensor]) {
      return fail(ErrorCode::invalid_argument, "it reads tensor {} before an op has written it.",
                  tensor);
    }
    reads_[tensor] = true;
    return {};
  }

  Result<void> write(std::uint32_t tensor) {
    const Place place = program_.tensors[tensor].place;
    if (place == Place::state) return {};  // StateFlow knows the planes
    if (place == Place::weight) {
      return fail(ErrorCode::invalid_argument, "it writes tensor {}, which is a weight.", tensor);
    }
    if (place == Place::register_state && !is_register_after(program_.tensors[tensor])) {
      return fail(ErrorCode::invalid_argument,
                  "it writes tensor {}, which is the value of a register before the run.", tensor);
    }
    if (writes_[tensor]) {
      return fail(ErrorCode::invalid_argument, "it writes tensor {} a second time.", tensor);
    }
    if (reads_[tensor]) {
      return fail(ErrorCode::invalid_argument, "it writes tensor {} after it has been read.",
                  tensor);
    }
    writes_[tensor] = true;
    return {};
  }

  bool is_written(std::uint32_t tensor) const { return writes_[tensor]; }

  // Errors: invalid_argument for a register that the program does not give a new value.
  Result<void> check_registers() const {
    for (std::uint32_t i = 0; i < program_.tensors.size(); ++i) {
      const Tensor& tensor = program_.tensors[i];
      if (!is_register_after(tensor) || writes_[i]) continue;
      return fail(ErrorCode::invalid_argument, "Register slot {} is written by no op.",
                  tensor.slot);
    }
    return {};
  }

 private:
  const Program& program_;
  std::vector<bool> reads_, writes_;
};

std::vector<bool> find_row_symbols(const Program& program) {
  std::vector<bool> is_rows(program.symbol_maxima.size(), true);
  for (const Tensor& tensor : program.tensors) {
    for (std::size_t i = 0; i < tensor.shape.rank; ++i) {
      const tensor::Dim& dim = tensor.shape[i];
      if (dim.is_constant() || (i == 0 && dim.factor == 1)) continue;
      is_rows[static_cast<std::size_t>(dim.symbol)] = false;
    }
  }
  return is_rows;
}

}  // namespace

Result<void> check_flow(const ProgramTables& tables, Program& program) {
  DW_TRY(collect_windows(tables.window_slot_count, program));
  DW_TRY_ASSIGN(StateFlow states, StateFlow::create(tables.state_slot_count, program.tensors));
  DW_TRY_ASSIGN(program.registers, collect_registers(tables.register_slot_count, program.tensors));
  TensorFlow tensors(program);
  for (std::size_t i = 0; i < program.ops.size(); ++i) {
    const Op& op = program.ops[i];
    for (const std::uint32_t input : op.inputs) {
      if (auto read = tensors.read(input); !read) return op_fails(i, program, read.error());
    }
    for (const std::uint32_t output : op.outputs) {
      if (auto written = tensors.write(output); !written) {
        return op_fails(i, program, written.error());
      }
    }
    if (auto used = states.use(op, program.tensors); !used) {
      return op_fails(i, program, used.error());
    }
  }
  DW_TRY(tensors.check_registers());
  for (WindowSlot& window : program.windows) window.written = tensors.is_written(window.tensor);
  DW_TRY_ASSIGN(program.states, std::move(states).finish());
  program.symbol_is_rows = find_row_symbols(program);
  return {};
}

}  // namespace driftwood::graph
