#include "device/cpu/run.h"

#include <algorithm>
#include <utility>

#include "device/cpu/op_outputs.h"
#include "device/host_buffer.h"
#include "os/process.h"

namespace driftwood::device::cpu {
namespace {

// Below this the team is not worth its meeting, and the caller does the op alone.
constexpr std::uint64_t kLeastSharedCycles = 15000;

// The clock is read once in about this many cycles of work.
constexpr std::uint64_t kCyclesBetweenLooks = 50000;

// Pieces a member gets on average: enough that one that is held up does not hold up all.
constexpr std::uint64_t kPiecesPerMember = 4;

// A piece is not longer than this unless it is one item: a piece that has begun is finished, so
// that this is how late a run sees that it was cancelled or that its time is over.
constexpr std::uint64_t kMostPieceCycles = 1'000'000;

// Temporaries of one run, and at most half of the machine's memory. A small program can ask for any
// amount: [2^24, 65536] is two numbers.
constexpr std::uint64_t kMostArenaBytes = std::uint64_t{8} << 30;

// An arena over this is not kept for the next submission.
constexpr std::uint64_t kMostSpareArenaBytes = std::uint64_t{64} << 20;

}  // namespace

Result<void> Run::prepare(Serial serial, std::shared_ptr<const CpuExecutable> executable,
                          std::span<const Sequence> sequences) {
  serial_ = serial;
  executable_ = std::move(executable);
  sequence_count_ = sequences.size();
  next_step_ = 0;
  next_item_ = 0;
  step_ns_ = 0;
  ended_.reset();
  cancelled_ = false;
  faults_.clear();

  count_rows(sequences);
  const graph::Program& program = executable_->program();
  tensors_.resize(program.tensors.size());
  tensor_bytes_.resize(program.tensors.size());
  for (std::uint32_t i = 0; i < program.tensors.size(); ++i) {
    const graph::Tensor& tensor = program.tensors[i];
    Operand& operand = tensors_[i];
    operand = {.slot = tensor.slot, .plane = tensor.plane};
    operand.rows = &rows_[executable_->row_dims().of(i)];
    operand.row_elements = 1;
    for (std::uint32_t d = 0; d < tensor.shape.rank; ++d) {
      // Only the first dimension may differ between sequences.
      operand.dims[d] = tensor.shape[d].value(sequences[0].symbols);
      if (d > 0) operand.row_elements *= operand.dims[d];
    }
    operand.row_bytes = operand.row_elements * tensor::size_bytes(tensor.dtype);
    tensor_bytes_[i] = operand.row_bytes * operand.rows->total();
  }
  DW_TRY(lay_out());
  bases_.resize(program.tensors.size() * sequence_count_);
  for (std::uint32_t i = 0; i < program.tensors.size(); ++i) place_tensor(i, sequences);
  bind_states(sequences);
  return {};
}

void Run::count_rows(std::span<const Sequence> sequences) {
  const std::vector<tensor::Dim>& dims = executable_->row_dims().dims();
  rows_.resize(dims.size());
  for (std::size_t i = 0; i < dims.size(); ++i) {
    std::vector<std::uint64_t>& first = rows_[i].first;
    first.assign(1, 0);
    for (const Sequence& sequence : sequences) {
      first.push_back(first.back() + dims[i].value(sequence.symbols));
    }
  }
}

Result<void> Run::lay_out() {
  executable_->plan().lay_out(tensor_bytes_, layout_);
  if (layout_.arena_bytes == 0) return {};
  static const std::uint64_t most_bytes =
      std::min(kMostArenaBytes, os::physical_memory_bytes() / 2);
  if (layout_.arena_bytes > most_bytes) {
    return fail(ErrorCode::limit, "The run's temporaries ({} bytes) are over the limit ({} bytes).",
                layout_.arena_bytes, most_bytes);
  }
  if (arena_ == nullptr || arena_->size_bytes() < layout_.arena_bytes) {
    arena_.reset();
    DW_TRY_ASSIGN(arena_, allocate_host(layout_.arena_bytes, Filling::any));
  }
  return {};
}

void Run::release() {
  executable_.reset();
  if (arena_ != nullptr && arena_->size_bytes() > kMostSpareArenaBytes) arena_.reset();
}

void Run::place_tensor(std::uint32_t tensor, std::span<const Sequence> sequences) {
  Operand& operand = tensors_[tensor];
  std::byte** const bases = bases_.data() + tensor * sequence_count_;
  operand.bases = bases;
  const ops::Place place = executable_->program().tensors[tensor].place;
  for (std::size_t s = 0; s < sequence_count_; ++s) {
    if (place == ops::Place::temporary) {
      const std::uint64_t row_bytes = operand.rows->first[s] * operand.row_bytes;
      bases[s] = arena_ == nullptr ? nullptr
                                   : arena_->contents() + layout_.offset_bytes[tensor] + row_bytes;
    } else if (place == ops::Place::window) {
      const BufferPlace& window = sequences[s].windows[operand.slot];
      bases[s] = window.buffer->contents() + window.offset_bytes;
    } else if (place == ops::Place::register_state) {
      const RegisterState& state = *sequences[s].registers[operand.slot];
      const BufferPlace value =
          operand.plane == ops::kRegisterAfter ? state.after() : state.before();
      bases[s] = value.buffer->contents() + value.offset_bytes;
    } else {
      bases[s] = executable_->weight(tensor);  // null for a plane, which is reached by its state
    }
  }
}

void Run::bind_states(std::span<const Sequence> sequences) {
  const std::size_t slots = executable_->program().states.size();
  states_.resize(slots * sequence_count_);
  for (std::size_t slot = 0; slot < slots; ++slot) {
    for (std::size_t s = 0; s < sequence_count_; ++s) {
      const AppendState* state = sequences[s].states[slot];
      states_[slot * sequence_count_ + s] = {state, state->length_rows()};
    }
  }
}

Call Run::make_call(const Step& step) {
  return {.tensors = tensors_.data(),
          .inputs = step.inputs,
          .outputs = step.outputs,
          .attributes = step.attributes,
          .states = states_.data(),
          .sequence_count = sequence_count_,
          .faults = &faults_};
}

Result<void> Run::fault(std::size_t step) {
  return fail(ErrorCode::invalid_argument, "Op {} ({}): {}", step,
              executable_->steps()[step].definition->name, faults_.what());
}

void Run::work_in_pieces(const Step& step, const Call& call, const Work& work, os::Team& team,
                         std::uint64_t deadline_ns) {
  const std::uint64_t even = (work.items - next_item_) / (team.size() * kPiecesPerMember);
  const std::uint64_t most = kMostPieceCycles / std::max<std::uint64_t>(1, work.item_cycles);
  const std::uint64_t piece = std::max<std::uint64_t>(1, std::min(even, most));
  std::atomic<std::uint64_t> next = next_item_;
  std::atomic<bool> late = false;
  team.run([&](unsigned) {
    std::uint64_t cycles = 0;  // of this member's work since it read the clock
    while (!late.load(std::memory_order_relaxed) && !cancelled_.load(std::memory_order_relaxed)) {
      const std::uint64_t begin = next.fetch_add(piece, std::memory_order_relaxed);
      if (begin >= work.items) return;
      const std::uint64_t end = std::min(begin + piece, work.items);
      step.run(call, begin, end);
      cycles += (end - begin) * work.item_cycles;
      if (cycles > kCyclesBetweenLooks) {
        if (os::monotonic_ns() >= deadline_ns) late.store(true, std::memory_order_relaxed);
        cycles = 0;
      }
    }
  });
  // Pieces are taken in order and finished, so that what is left is one range.
  next_item_ = std::min(next.load(std::memory_order_relaxed), work.items);
}

void Run::report(const Call& call, const OpObserver& observer) {
  const graph::Program& program = executable_->program();
  observer({.run = static_cast<std::uint64_t>(serial_),
            .program = program,
            .op = static_cast<std::uint32_t>(next_step_),
            .duration_ns = std::exchange(step_ns_, 0),
            .outputs = op_outputs(program, call)});
}

std::optional<Result<void>> Run::advance(os::Team& team, std::uint64_t deadline_ns,
                                         const OpObserver& observer) {
  if (ended_) return ended_;
  const std::vector<Step>& steps = executable_->steps();
  std::uint64_t cycles = 0;  // of work since the clock was read
  while (next_step_ < steps.size()) {
    if (cancelled_.load(std::memory_order_relaxed)) {
      ended_ = fail(ErrorCode::cancelled, "Run {} was cancelled in op {} of {}.",
                    static_cast<std::uint64_t>(serial_), next_step_, steps.size());
      return ended_;
    }
    if (cycles > kCyclesBetweenLooks) {
      if (os::monotonic_ns() >= deadline_ns) return std::nullopt;
      cycles = 0;
    }
    const Step& step = steps[next_step_];
    const Call call = make_call(step);
    const Work work = step.work(call);
    const std::uint64_t begin_ns = observer ? os::monotonic_ns() : 0;
    const std::uint64_t step_cycles = work.items * work.item_cycles;
    if (work.items > 1 && step_cycles >= kLeastSharedCycles) {
      work_in_pieces(step, call, work, team, deadline_ns);
    } else {
      if (work.items > 0) step.run(call, 0, work.items);
      next_item_ = work.items;
    }
    if (observer) step_ns_ += os::monotonic_ns() - begin_ns;
    cycles += step_cycles;
    if (!faults_.what().empty()) {
      ended_ = fault(next_step_);
      return ended_;
    }
    if (next_item_ == work.items) {
      if (observer) report(call, observer);
      ++next_step_;
      next_item_ = 0;
    }
  }
  ended_ = Result<void>();
  return ended_;
}

}  // namespace driftwood::device::cpu
