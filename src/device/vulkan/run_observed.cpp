// A run whose ops are done one by one, for an observer: for profiles and for finding the first op
// whose bits differ.
#include <utility>

#include "device/vulkan/run.h"
#include "device/vulkan/timer.h"
#include "os/process.h"

namespace driftwood::device::vulkan {

Result<void> Run::run_observed(const OpObserver& observer) {
  auto timer = Timer::create(workshop_.gpu);  // or the host's clock
  recorded_.reset();                          // the commands are used for single ops
  for (const Step& step : executable_->steps()) {
    DW_TRY(begin_commands());
    if (timer) (*timer)->begin(commands_);
    Barriers barriers(executable_->program(), executable_->plan());
    VkPipeline bound = VK_NULL_HANDLE;
    record_step(step, barriers, bound);
    if (timer) (*timer)->end(commands_);
    DW_TRY(end_commands());
    const std::uint64_t begin_ns = os::monotonic_ns();
    DW_TRY(start());
    DW_TRY(workshop_.queue.finish(ticket_, step.op->definition->name));
    std::uint64_t duration_ns = os::monotonic_ns() - begin_ns;
    if (timer) {
      DW_TRY_ASSIGN(duration_ns, (*timer)->duration_ns());
    }
    if (auto ended = outcome(); !ended) {
      ended_ = ended;
      return {};
    }
    DW_TRY_ASSIGN(const auto outputs, read_outputs(step));
    std::vector<std::vector<std::span<const std::byte>>> spans;
    for (const auto& bytes : outputs) spans.push_back({std::span<const std::byte>(bytes)});
    observer({.run = static_cast<std::uint64_t>(serial_),
              .program = executable_->program(),
              .op = static_cast<std::uint32_t>(&step - executable_->steps().data()),
              .duration_ns = duration_ns,
              .outputs = spans});
  }
  ended_ = Result<void>();
  return {};
}

Result<std::vector<std::vector<std::byte>>> Run::read_outputs(const Step& step) const {
  std::vector<std::vector<std::byte>> outputs;
  for (const std::uint32_t tensor : step.op->outputs) {
    const bool is_state = executable_->program().tensors[tensor].place == ops::Place::state;
    DW_TRY_ASSIGN(auto bytes, is_state ? read_appended(step) : read_rows(tensor));
    outputs.push_back(std::move(bytes));
  }
  return outputs;
}

// The rows of a temporary, window or register, sequence after sequence.
Result<std::vector<std::byte>> Run::read_rows(std::uint32_t tensor) const {
  const graph::Tensor& operand = executable_->program().tensors[tensor];
  const std::uint64_t row_bytes = sizes_[tensor].row_elements * tensor::size_bytes(operand.dtype);
  const auto& first = first_rows_[executable_->row_dims().of(tensor)];
  std::vector<std::byte> bytes(first.back() * row_bytes);
  for (std::size_t s = 0; s < sequence_count_; ++s) {
    const std::span<std::byte> part =
        std::span(bytes).subspan(first[s] * row_bytes, (first[s + 1] - first[s]) * row_bytes);
    BufferPlace from = {arena_.get(), layout_.offset_bytes[tensor] + first[s] * row_bytes};
    if (operand.place == ops::Place::window) {
      from = sequences_[s].windows[operand.slot];
    } else if (operand.place == ops::Place::register_state) {
      const RegisterState& state = *sequences_[s].registers[operand.slot];
      from = operand.plane == ops::kRegisterAfter ? state.after() : state.before();
    }
    DW_TRY(workshop_.transfer.download(vulkan_buffer(*from.buffer), from.offset_bytes, part));
  }
  return bytes;
}

// The rows that the step appended to its plane, by sequence, row and head.
Result<std::vector<std::byte>> Run::read_appended(const Step& step) const {
  const graph::Tensor& plane = executable_->program().tensors[step.op->outputs[0]];
  const auto& first = first_rows_[executable_->row_dims().of(step.op->inputs[0])];
  std::vector<std::byte> bytes;
  for (std::size_t s = 0; s < sequence_count_; ++s) {
    const AppendState& state = *sequences_[s].states[plane.slot];
    const AppendStateShape& shape = state.shape();
    const std::uint64_t row_bytes = shape.head_dim * tensor::size_bytes(shape.dtype);
    const std::uint64_t head_bytes = AppendState::kBlockRows * row_bytes;
    std::vector<std::byte> plane_bytes(state.plane_bytes());
    const std::uint64_t begin = state.length_rows(), end = begin + first[s + 1] - first[s];
    for (std::uint64_t row = begin; row < end; ++row) {
      const std::uint64_t in_block = row % AppendState::kBlockRows;
      if (row == begin || in_block == 0) {
        DW_TRY(
            workshop_.transfer.download(vulkan_buffer(state.block(row / AppendState::kBlockRows)),
                                        plane.plane * state.plane_bytes(), plane_bytes));
      }
      for (std::uint32_t head = 0; head < shape.head_count; ++head) {
        const auto from = plane_bytes.begin() + head * head_bytes + in_block * row_bytes;
        bytes.insert(bytes.end(), from, from + row_bytes);
      }
    }
  }
  return bytes;
}

}  // namespace driftwood::device::vulkan
