#include "device/vulkan/run.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "core/arithmetic.h"
#include "device/vulkan/outcome.h"

namespace driftwood::device::vulkan {
namespace {

using kernels::Call;
using kernels::Fault;
using kernels::FaultKind;
using kernels::Grid;
using kernels::Size;
using kernels::State;

// Temporaries of one run. A small program can ask for any amount: [2^24, 65536] is two numbers.
constexpr std::uint64_t kMostArenaBytes = std::uint64_t{8} << 30;

// An arena over this is not kept for the next submission.
constexpr std::uint64_t kMostSpareArenaBytes = std::uint64_t{64} << 20;

constexpr std::size_t kControlAlignment = 16;

template <typename T>
void append_bytes(std::vector<std::byte>& to, const T& value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  to.insert(to.end(), bytes.begin(), bytes.end());
}

template <typename T>
void write_at(const Heap::Piece& piece, std::size_t offset_bytes, std::span<const T> values) {
  std::ranges::copy(std::as_bytes(values), piece.contents() + offset_bytes);
}

}  // namespace

Result<std::unique_ptr<Run>> Run::create(const Workshop& workshop,
                                         std::shared_ptr<const VulkanExecutable> executable) {
  std::unique_ptr<Run> run(new Run(workshop));
  DW_TRY_ASSIGN(run->commands_, workshop.queue.allocate_commands());
  run->executable_ = executable;
  const std::size_t control_bytes =
      run->call_offset(static_cast<std::uint32_t>(executable->tasks().size()));
  run->executable_.reset();
  run->made_for_ = executable;
  DW_TRY_ASSIGN(run->control_, workshop.heap.allocate(Use::control, control_bytes));
  return run;
}

Run::~Run() {
  if (commands_ != VK_NULL_HANDLE) workshop_.queue.free_commands(commands_);
}

bool Run::is_for(const std::shared_ptr<const VulkanExecutable>& executable) const {
  return made_for_.lock() == executable;
}

void Run::release() {
  executable_.reset();
  sequences_.clear();
  if (arena_ != nullptr && arena_->size_bytes() > kMostSpareArenaBytes) {
    arena_.reset();
    symbols_.clear();
  }
}

// The control block: a fault, a grid for each candidate, a call for each task.
std::size_t Run::grid_offset(std::uint32_t candidate) const {
  return sizeof(Fault) + candidate * sizeof(Grid);
}

std::size_t Run::call_offset(std::uint32_t task) const {
  const std::size_t grids_end = grid_offset(executable_->candidate_count());
  return round_up(grids_end, kControlAlignment) + task * sizeof(Call);
}

Address Run::first_rows_address(std::uint32_t row_dim) const {
  return tables_.address() + first_rows_offset_ +
         row_dim * (sequence_count_ + 1) * sizeof(std::uint32_t);
}

Result<void> Run::prepare(Serial serial, std::shared_ptr<const VulkanExecutable> executable,
                          std::span<const Sequence> sequences, bool one_by_one) {
  serial_ = serial;
  executable_ = std::move(executable);
  ended_.reset();
  if (cancelled_.exchange(false)) told_bindings_.clear();  // the grids are gone
  std::vector<std::uint32_t> symbols;
  for (const Sequence& sequence : sequences) {
    symbols.insert(symbols.end(), sequence.symbols.begin(), sequence.symbols.end());
  }
  std::vector<std::uint32_t> spans = count_spans(sequences);
  const bool is_sized = sequence_count_ == sequences.size() && symbols_ == symbols &&
                        spans_ == spans && one_by_one_ == one_by_one && !told_bindings_.empty() &&
                        arena_ != nullptr;
  sequence_count_ = sequences.size();
  spans_ = std::move(spans);
  one_by_one_ = one_by_one;
  if (!is_sized) {
    told_bindings_.clear();
    symbols_.clear();
    DW_TRY(size(sequences));
  }
  collect_bindings(sequences);
  DW_TRY_ASSIGN(const bool has_moved, make_tables(sequences));
  if (has_moved || told_bindings_ != bindings_ || told_bindings_.empty()) {
    write_rows();
    write_control();
    told_bindings_ = bindings_;
  }
  write_states(sequences);
  const Fault none = {};
  write_at(control_, 0, std::span(&none, 1));
  symbols_ = std::move(symbols);
  sequences_.assign(sequences.begin(), sequences.end());
  if (recorded_ != chosen_) DW_TRY(record());
  return {};
}

void Run::count_rows(std::span<const Sequence> sequences) {
  const std::vector<tensor::Dim>& dims = executable_->row_dims().dims();
  first_rows_.resize(dims.size());
  for (std::size_t i = 0; i < dims.size(); ++i) {
    std::vector<std::uint32_t>& first = first_rows_[i];
    first.assign(1, 0);
    // Fits: the executable has refused dimensions for which it would not.
    for (const Sequence& sequence : sequences) {
      first.push_back(first.back() + static_cast<std::uint32_t>(dims[i].value(sequence.symbols)));
    }
  }
}

std::vector<std::uint32_t> Run::count_spans(std::span<const Sequence> sequences) const {
  const std::vector<graph::StateSlot>& slots = executable_->program().states;
  std::vector<std::uint32_t> spans(slots.size(), 0);
  for (const Sequence& sequence : sequences) {
    for (std::size_t slot = 0; slot < slots.size(); ++slot) {
      const std::uint64_t rows =
          sequence.states[slot]->length_rows() + slots[slot].row_dim.value(sequence.symbols);
      const auto has = static_cast<std::uint32_t>((rows + Size::kSpan - 1) / Size::kSpan);
      spans[slot] = std::max(spans[slot], has);
    }
  }
  return spans;
}

Result<void> Run::size(std::span<const Sequence> sequences) {
  count_rows(sequences);
  const graph::Program& program = executable_->program();
  sizes_.resize(program.tensors.size());
  tensor_bytes_.resize(program.tensors.size());
  for (std::uint32_t i = 0; i < program.tensors.size(); ++i) {
    const graph::Tensor& tensor = program.tensors[i];
    Size& size = sizes_[i];
    size = {
        .rows = first_rows_[executable_->row_dims().of(i)].back(), .row_elements = 1, .dims = {}};
    for (std::uint32_t d = 0; d < tensor.shape.rank; ++d) {
      // Only the first dimension may differ between sequences.
      size.dims[d] = tensor.shape[d].value(sequences[0].symbols);
      if (d > 0) size.row_elements *= size.dims[d];
    }
    if (tensor.place == ops::Place::weight) size.rows = size.dims[0];
    if (tensor.place == ops::Place::state) size.rows = spans_[tensor.slot];
    tensor_bytes_[i] = size.rows * size.row_elements * tensor::size_bytes(tensor.dtype);
  }
  executable_->plan().lay_out(tensor_bytes_, layout_);
  DW_TRY(choose_kernels());
  return make_room();
}

// Whether the candidate is taken, whose grid is then noted.
Result<bool> Run::choose(const Candidate& candidate, std::uint32_t number) {
  const Task& task = executable_->tasks()[candidate.task];
  const kernels::Kernel& kernel = *candidate.kernel;
  std::vector<Size> inputs, outputs;
  for (const std::uint32_t tensor : task.inputs) inputs.push_back(sizes_[tensor]);
  for (const std::uint32_t tensor : task.outputs) outputs.push_back(sizes_[tensor]);
  const kernels::Sizes sizes = {inputs, outputs, sequence_count_};
  if (!kernel.takes(sizes)) return false;
  const Grid grid = kernel.grid(sizes);
  if (grid.y > Grid::kMost) {
    return fail(ErrorCode::limit, "An op ({}) of this run has more work than GPU kernels count.",
                executable_->steps()[task.op].op->definition->name);
  }
  chosen_[number] = true;
  grids_[number] = grid;
  if (kernel.scratch_bytes != nullptr) {
    scratch_bytes_ = std::max(scratch_bytes_, kernel.scratch_bytes(sizes));
  }
  return true;
}

Result<void> Run::choose_kernels() {
  grids_.assign(executable_->candidate_count(), Grid{0, 1, 1});
  chosen_.assign(executable_->candidate_count(), false);
  scratch_bytes_ = 0;
  std::size_t done = 0;  // steps from here on, by a kernel of one before
  for (const Step& step : executable_->steps()) {
    if (done > 0) {
      --done;
      continue;
    }
    for (std::uint32_t i = 0; i < step.candidates.size() && done == 0; ++i) {
      const Candidate& candidate = step.candidates[i];
      const std::size_t also = candidate.kernel->also.size();
      if (also > 0 && one_by_one_) continue;
      DW_TRY_ASSIGN(const bool is_chosen, choose(candidate, step.first_candidate + i));
      if (is_chosen) done = also;
    }
  }
  return {};
}

Result<void> Run::make_room() {
  const auto wanted = checked_add(layout_.arena_bytes, scratch_bytes_);
  if (!wanted || *wanted > kMostArenaBytes) {
    return fail(ErrorCode::limit, "The run's temporaries ({} bytes) are over the limit ({} bytes).",
                wanted.value_or(layout_.arena_bytes), kMostArenaBytes);
  }
  if (arena_ != nullptr && arena_->size_bytes() >= *wanted) return {};
  arena_.reset();
  DW_TRY_ASSIGN(arena_, allocate_buffer(workshop_.heap, std::max<std::uint64_t>(1, *wanted)));
  return {};
}

// Whether they lie elsewhere than before.
Result<bool> Run::make_tables(std::span<const Sequence> sequences) {
  const graph::Program& program = executable_->program();
  std::size_t block_count = 0;
  for (const Sequence& sequence : sequences) {
    for (const AppendState* state : sequence.states) block_count += state->block_count();
  }
  states_offset_ = 0;
  bases_offset_ = program.states.size() * sequence_count_ * sizeof(State);
  first_rows_offset_ = bases_offset_ + bindings_.size() * sizeof(Address);
  const std::size_t blocks_offset = round_up(
      first_rows_offset_ + first_rows_.size() * (sequence_count_ + 1) * sizeof(std::uint32_t),
      sizeof(Address));
  if (blocks_offset != blocks_offset_) told_blocks_.clear();  // they lie elsewhere than before
  blocks_offset_ = blocks_offset;
  const std::uint64_t wanted = blocks_offset_ + block_count * sizeof(Address);
  if (tables_ && tables_.size_bytes() >= wanted) return false;
  tables_ = {};
  DW_TRY_ASSIGN(tables_, workshop_.heap.allocate(Use::control, 2 * wanted));
  told_blocks_.clear();
  return true;
}

void Run::collect_bindings(std::span<const Sequence> sequences) {
  const graph::Program& program = executable_->program();
  bindings_.clear();
  for (const graph::Tensor& tensor : program.tensors) {
    for (const Sequence& sequence : sequences) {
      if (tensor.place == ops::Place::window) {
        bindings_.push_back(address_of(sequence.windows[tensor.slot]));
      } else if (tensor.place == ops::Place::register_state) {
        const RegisterState& state = *sequence.registers[tensor.slot];
        bindings_.push_back(
            address_of(tensor.plane == ops::kRegisterAfter ? state.after() : state.before()));
      } else {
        bindings_.push_back(0);
      }
    }
  }
}

void Run::write_rows() {
  if (!bindings_.empty()) write_at(tables_, bases_offset_, std::span<const Address>(bindings_));
  std::vector<std::uint32_t> all;
  for (const auto& first : first_rows_) all.insert(all.end(), first.begin(), first.end());
  write_at(tables_, first_rows_offset_, std::span<const std::uint32_t>(all));
}

kernels::Tensor Run::describe(std::uint32_t tensor) const {
  const graph::Tensor& operand = executable_->program().tensors[tensor];
  const Size& size = sizes_[tensor];
  kernels::Tensor record = {.base = 0,
                            .bases = 0,
                            .first_rows = 0,
                            .rows = static_cast<std::uint32_t>(size.rows),
                            .row_elements = static_cast<std::uint32_t>(size.row_elements),
                            .dims = {},
                            .slot = operand.slot,
                            .plane = operand.plane};
  std::ranges::transform(size.dims, record.dims.begin(),
                         [](std::uint64_t dim) { return static_cast<std::uint32_t>(dim); });
  if (operand.place == ops::Place::weight) {
    record.base = executable_->weight(tensor);
  } else if (operand.place != ops::Place::state) {
    record.first_rows = first_rows_address(executable_->row_dims().of(tensor));
    if (operand.place == ops::Place::temporary) {
      record.base = arena_->address() + layout_.offset_bytes[tensor];
    } else if (sequence_count_ == 1) {
      record.base = bindings_[tensor];
    } else {
      record.bases = tables_.address() + bases_offset_ + tensor * sequence_count_ * sizeof(Address);
    }
  }
  return record;
}

Call Run::make_call(const Task& task) const {
  Call call = {.fault = control_.address(),
               .states = tables_.address() + states_offset_,
               .scratch = arena_->address() + layout_.arena_bytes,
               .op = task.op,
               .sequence_count = static_cast<std::uint32_t>(sequence_count_),
               .inputs = static_cast<std::uint32_t>(task.inputs.size()),
               .zero = 0,
               .attributes = {},
               .operands = {}};
  for (const ops::Attributes* attributes : task.attributes) {
    for (const ops::Attribute& attribute : attributes->items()) {
      std::int32_t& value = call.attributes[static_cast<std::size_t>(attribute.id)];
      if (const auto* number = std::get_if<double>(&attribute.value)) {
        value = std::bit_cast<std::int32_t>(static_cast<float>(*number));
      } else {
        value = static_cast<std::int32_t>(std::get<std::int64_t>(attribute.value));
      }
    }
  }
  std::size_t operand = 0;
  for (const std::uint32_t tensor : task.inputs) call.operands[operand++] = describe(tensor);
  for (const std::uint32_t tensor : task.outputs) call.operands[operand++] = describe(tensor);
  return call;
}

void Run::write_control() {
  control_bytes_.clear();
  append_bytes(control_bytes_, Fault{});
  for (const Grid& grid : grids_) append_bytes(control_bytes_, grid);
  control_bytes_.resize(call_offset(0));
  for (const Task& task : executable_->tasks()) append_bytes(control_bytes_, make_call(task));
  write_at(control_, 0, std::span<const std::byte>(control_bytes_));
}

void Run::write_states(std::span<const Sequence> sequences) {
  states_.clear();
  blocks_.clear();
  for (std::size_t slot = 0; slot < executable_->program().states.size(); ++slot) {
    for (const Sequence& sequence : sequences) {
      const AppendState& state = *sequence.states[slot];
      states_.push_back(
          {.blocks = tables_.address() + blocks_offset_ + blocks_.size() * sizeof(Address),
           .past_rows = state.length_rows(),
           .zero = 0});
      for (std::size_t i = 0; i < state.block_count(); ++i) {
        blocks_.push_back(vulkan_buffer(state.block(i)).address());
      }
    }
  }
  write_at(tables_, states_offset_, std::span<const State>(states_));
  if (blocks_ == told_blocks_) return;
  write_at(tables_, blocks_offset_, std::span<const Address>(blocks_));
  told_blocks_ = blocks_;
}

Result<void> Run::begin_commands() {
  const VkCommandBufferBeginInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
  DW_TRY(check(workshop_.gpu.vk().BeginCommandBuffer(commands_, &info), "vkBeginCommandBuffer"));
  record_barrier();  // for runs and copies before this one
  return {};
}

Result<void> Run::end_commands() {
  const VkMemoryBarrier barrier = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                   .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT,
                                   .dstAccessMask = VK_ACCESS_HOST_READ_BIT};
  workshop_.gpu.vk().CmdPipelineBarrier(commands_, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
                                        VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &barrier, 0, nullptr, 0,
                                        nullptr);
  return check(workshop_.gpu.vk().EndCommandBuffer(commands_), "vkEndCommandBuffer");
}

void Run::record_barrier() {
  const VkMemoryBarrier barrier = {
      .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
      .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
      .dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT};
  workshop_.gpu.vk().CmdPipelineBarrier(
      commands_, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
      VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, 0, 1, &barrier, 0, nullptr, 0, nullptr);
}

void Run::record_step(const Step& step, Barriers& barriers, VkPipeline& bound) {
  const Functions& vk = workshop_.gpu.vk();
  bool is_first = true;
  for (std::uint32_t i = 0; i < step.candidates.size(); ++i) {
    const std::uint32_t number = step.first_candidate + i;
    if (!chosen_[number]) continue;
    const Candidate& candidate = step.candidates[i];
    const Task& task = executable_->tasks()[candidate.task];
    const bool waits =
        barriers.is_needed(task.inputs, task.outputs, candidate.kernel->scratch_bytes != nullptr);
    // The kernels of one op see what the earlier ones wrote.
    if (waits || !is_first) record_barrier();
    is_first = false;
    if (bound != candidate.pipeline) {
      bound = candidate.pipeline;
      vk.CmdBindPipeline(commands_, VK_PIPELINE_BIND_POINT_COMPUTE, bound);
    }
    const Address call = control_.address() + call_offset(candidate.task);
    vk.CmdPushConstants(commands_, workshop_.pipelines.layout(), VK_SHADER_STAGE_COMPUTE_BIT, 0,
                        sizeof(call), &call);
    vk.CmdDispatchIndirect(commands_, control_.buffer(),
                           control_.offset_bytes() + grid_offset(number));
  }
}

Result<void> Run::record() {
  recorded_.reset();
  DW_TRY(begin_commands());
  Barriers barriers(executable_->program(), executable_->plan());
  VkPipeline bound = VK_NULL_HANDLE;
  for (const Step& step : executable_->steps()) record_step(step, barriers, bound);
  DW_TRY(end_commands());
  recorded_ = chosen_;
  return {};
}

Result<void> Run::start() {
  DW_TRY_ASSIGN(ticket_, workshop_.queue.submit(commands_));
  return {};
}

void Run::cancel() {
  auto done = workshop_.queue.is_done(ticket_);
  if (done && *done) return;
  cancelled_ = true;
  const std::vector<Grid> none(executable_->candidate_count(), Grid{0, 1, 1});
  write_at(control_, grid_offset(0), std::span<const Grid>(none));
}

Result<void> Run::wait(std::uint64_t timeout_ns) {
  if (ended_) return *ended_;
  auto waited = workshop_.queue.wait(ticket_, timeout_ns);
  if (!waited && waited.error().code() == ErrorCode::timeout) {
    return fail(ErrorCode::timeout, "Run {} did not end within {} ns.",
                static_cast<std::uint64_t>(serial_), timeout_ns);
  }
  ended_ = waited ? outcome() : waited;
  return *ended_;
}

Result<void> Run::outcome() {
  if (cancelled_) {
    return fail(ErrorCode::cancelled, "Run {} was cancelled.", static_cast<std::uint64_t>(serial_));
  }
  Fault fault;
  std::copy_n(control_.contents(), sizeof(fault),
              std::as_writable_bytes(std::span(&fault, 1)).begin());
  if (fault.op == 0) return {};
  const std::uint32_t op = fault.op - 1;
  const auto name = executable_->steps()[op].op->definition->name;
  if (fault.kind == FaultKind::not_a_number) {
    return fail(ErrorCode::invalid_argument, "Op {} ({}): A logit is not a number.", op, name);
  }
  return fail(ErrorCode::invalid_argument, "Op {} ({}): Index {} is not between 0 and {}.", op,
              name, fault.index, std::int64_t{fault.limit} - 1);
}

}  // namespace driftwood::device::vulkan
