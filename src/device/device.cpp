#include "device/device.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "core/arithmetic.h"
#include "core/check.h"
#include "core/checksum.h"
#include "device/program_equality.h"
#include "device/window_overlap.h"

namespace driftwood::device {
namespace {

using graph::Program;

// At once: std::ranges::equal takes bytes one by one.
bool equal_bytes(std::span<const std::byte> a, std::span<const std::byte> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0;
}

Result<void> check_symbols(const Program& program, std::span<const std::uint32_t> symbols) {
  if (symbols.size() != program.symbol_maxima.size()) {
    return fail(ErrorCode::invalid_argument,
                "The run gives {} symbol values, but the program has {}.", symbols.size(),
                program.symbol_maxima.size());
  }
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    if (symbols[i] > program.symbol_maxima[i]) {
      return fail(ErrorCode::invalid_argument, "Symbol {} ({}) is above its maximum ({}).", i,
                  symbols[i], program.symbol_maxima[i]);
    }
  }
  return {};
}

Result<void> check_window(const Program& program, std::size_t slot, const Sequence& sequence) {
  const graph::WindowSlot& wanted = program.windows[slot];
  const BufferPlace& place = sequence.windows[slot];
  if (place.buffer == nullptr) {
    return fail(ErrorCode::invalid_argument, "Window slot {} is not bound.", slot);
  }
  if (place.offset_bytes % 4 != 0) {
    return fail(ErrorCode::invalid_argument,
                "Window slot {} is bound at offset {}, not a multiple of 4.", slot,
                place.offset_bytes);
  }
  const std::uint64_t bytes = program.tensor_bytes(wanted.tensor, sequence.symbols);
  if (!range_fits(place.offset_bytes, bytes, place.buffer->size_bytes())) {
    return fail(ErrorCode::invalid_argument,
                "Window slot {} needs {} bytes at offset {}, but its buffer has {} bytes.", slot,
                bytes, place.offset_bytes, place.buffer->size_bytes());
  }
  if (wanted.written && place.buffer->access() != memory::Access::read_write) {
    return fail(ErrorCode::invalid_argument,
                "Window slot {} is written by the program, but the window is shared for reading.",
                slot);
  }
  return {};
}

Result<void> check_state(const graph::StateSlot& wanted, std::size_t slot,
                         const AppendState* state) {
  if (state == nullptr) {
    return fail(ErrorCode::invalid_argument, "State slot {} is not bound.", slot);
  }
  const AppendStateShape& shape = state->shape();
  if (shape.dtype != wanted.dtype || shape.head_count != wanted.head_count ||
      shape.head_dim != wanted.head_dim || shape.plane_count < wanted.plane_count) {
    return fail(
        ErrorCode::invalid_argument,
        "State slot {} needs {} planes of [{}, {}] {}, but the state has {} of [{}, {}] {}.", slot,
        wanted.plane_count, wanted.head_count, wanted.head_dim, tensor::name(wanted.dtype),
        shape.plane_count, shape.head_count, shape.head_dim, tensor::name(shape.dtype));
  }
  return {};
}

Result<void> check_register(const graph::RegisterSlot& wanted, std::size_t slot,
                            const RegisterState* state) {
  if (state == nullptr) {
    return fail(ErrorCode::invalid_argument, "Register slot {} is not bound.", slot);
  }
  if (state->dtype() == wanted.dtype && state->shape() == wanted.shape) return {};
  return fail(ErrorCode::invalid_argument,
              "Register slot {} needs {} of shape {}, but the register is {} of shape {}.", slot,
              tensor::name(wanted.dtype), tensor::to_string(wanted.shape),
              tensor::name(state->dtype()), tensor::to_string(state->shape()));
}

Result<void> check_count(std::string_view what, std::size_t bound, std::size_t slots) {
  if (bound == slots) return {};
  return fail(ErrorCode::invalid_argument, "The run binds {} {}, but the program has {}.", bound,
              what, slots);
}

Result<void> check_sequence(const Program& program, const Sequence& sequence) {
  DW_TRY(check_symbols(program, sequence.symbols));
  DW_TRY(check_count("windows", sequence.windows.size(), program.windows.size()));
  DW_TRY(check_count("states", sequence.states.size(), program.states.size()));
  DW_TRY(check_count("registers", sequence.registers.size(), program.registers.size()));
  for (std::size_t slot = 0; slot < program.windows.size(); ++slot) {
    DW_TRY(check_window(program, slot, sequence));
  }
  for (std::size_t slot = 0; slot < program.states.size(); ++slot) {
    DW_TRY(check_state(program.states[slot], slot, sequence.states[slot]));
  }
  for (std::size_t slot = 0; slot < program.registers.size(); ++slot) {
    DW_TRY(check_register(program.registers[slot], slot, sequence.registers[slot]));
  }
  return {};
}

Result<void> check_together(const Program& program, std::span<const Sequence> sequences) {
  for (std::size_t s = 1; s < sequences.size(); ++s) {
    for (std::size_t i = 0; i < program.symbol_maxima.size(); ++i) {
      const std::uint32_t first = sequences[0].symbols[i];
      if (!program.symbol_is_rows[i] && sequences[s].symbols[i] != first) {
        return fail(
            ErrorCode::invalid_argument,
            "Symbol {} does not only count rows, so sequences {} ({}) and 0 ({}) cannot run "
            "together.",
            i, s, sequences[s].symbols[i], first);
      }
    }
  }
  return {};
}

Result<void> check_weight(const graph::Tensor& wanted, const tensor::View& view) {
  if (view.dtype != wanted.dtype) {
    return fail(ErrorCode::invalid_argument, "Weight \"{}\" is {}, but the program takes it as {}.",
                wanted.weight_name, tensor::name(view.dtype), tensor::name(wanted.dtype));
  }
  const auto same = [](const tensor::Dim& dim, std::uint64_t size) {
    return dim.is_constant() && dim.factor == size;
  };
  if (!std::ranges::equal(wanted.shape.span(), view.shape, same)) {
    return fail(ErrorCode::invalid_argument, "Weight \"{}\" is {}, but the program takes it as {}.",
                wanted.weight_name, tensor::to_string(view.shape), tensor::to_string(wanted.shape));
  }
  return {};
}

Result<std::map<std::uint32_t, tensor::View>> find_weights(const Program& program,
                                                           const WeightSource* weights) {
  std::map<std::uint32_t, tensor::View> views;
  for (std::uint32_t i = 0; i < program.tensors.size(); ++i) {
    const graph::Tensor& wanted = program.tensors[i];
    if (wanted.place != ops::Place::weight) continue;
    if (weights == nullptr) {
      return fail(ErrorCode::not_found, "The program uses weight \"{}\", but there is no model.",
                  wanted.weight_name);
    }
    DW_TRY_ASSIGN(tensor::View view, weights->find(wanted.weight_name));
    DW_TRY(check_weight(wanted, view));
    views.emplace(i, std::move(view));
  }
  return views;
}

Result<void> check_range(const Buffer& buffer, std::uint64_t offset_bytes,
                         std::uint64_t size_bytes) {
  if (range_fits(offset_bytes, size_bytes, buffer.size_bytes())) return {};
  return fail(ErrorCode::invalid_argument,
              "A copy of {} bytes at offset {} leaves the buffer ({} bytes).", size_bytes,
              offset_bytes, buffer.size_bytes());
}

}  // namespace

Executable::Executable(std::shared_ptr<const Program> program,
                       std::shared_ptr<const WeightSource> weights,
                       std::span<const std::uint32_t> done_with)
    : program_(std::move(program)),
      weights_(std::move(weights)),
      plan_(*program_, done_with),
      most_temporary_bytes_(temporary_bytes(program_->symbol_maxima)) {}

std::uint64_t Executable::temporary_bytes(std::span<const std::uint32_t> symbols) const {
  std::vector<std::uint64_t> tensor_bytes(program_->tensors.size());
  for (std::uint32_t i = 0; i < tensor_bytes.size(); ++i) {
    tensor_bytes[i] = program_->tensor_bytes(i, symbols);
  }
  graph::MemoryPlan::Layout layout;
  plan_.lay_out(tensor_bytes, layout);
  return layout.arena_bytes;
}

std::uint64_t CopiedBytes::total() const {
  return std::accumulate(to_device.begin(), to_device.end(), std::uint64_t{0}) +
         std::accumulate(from_device.begin(), from_device.end(), std::uint64_t{0});
}

Result<std::unique_ptr<Buffer>> Device::import_host(memory::Import window) {
  if (!capabilities_.imports_host_memory) {
    return fail(ErrorCode::unsupported, "Device {} cannot address host memory in place.",
                capabilities_.name);
  }
  return import_host_impl(std::move(window));
}

Result<std::unique_ptr<Buffer>> Device::allocate(std::uint64_t size_bytes) {
  if (size_bytes == 0)
    return fail(ErrorCode::invalid_argument, "A buffer of 0 bytes is asked for.");
  return allocate_impl(size_bytes, Filling::zeros);
}

Result<std::unique_ptr<Buffer>> Device::allocate_unfilled(std::uint64_t size_bytes) {
  if (size_bytes == 0)
    return fail(ErrorCode::invalid_argument, "A buffer of 0 bytes is asked for.");
  return allocate_impl(size_bytes, Filling::any);
}

Result<void> Device::copy(const BufferPlace& from, const BufferPlace& to,
                          std::uint64_t size_bytes) {
  DW_TRY(check_range(*from.buffer, from.offset_bytes, size_bytes));
  DW_TRY(check_range(*to.buffer, to.offset_bytes, size_bytes));
  return copy_impl(from, to, size_bytes);
}

Result<void> Device::upload(const Buffer& to, std::uint64_t offset_bytes,
                            std::span<const std::byte> from, Purpose purpose) {
  DW_TRY(check_range(to, offset_bytes, from.size()));
  DW_TRY(upload_impl(to, offset_bytes, from));
  copied_bytes_.to_device[static_cast<std::size_t>(purpose)] += from.size();
  return {};
}

Result<void> Device::download(const Buffer& from, std::uint64_t offset_bytes,
                              std::span<std::byte> to, Purpose purpose) {
  DW_TRY(check_range(from, offset_bytes, to.size()));
  DW_TRY(download_impl(from, offset_bytes, to));
  copied_bytes_.from_device[static_cast<std::size_t>(purpose)] += to.size();
  return {};
}

Result<std::shared_ptr<const Executable>> Device::compile(
    std::shared_ptr<const Program> program, std::shared_ptr<const WeightSource> weights) {
  DW_CHECK(program != nullptr);
  const auto expired = [](const auto& executable) { return executable.expired(); };
  std::erase_if(executables_,
                [&](const auto& entry) { return std::ranges::all_of(entry.second, expired); });
  auto& known = executables_[program->hash];
  std::erase_if(known, expired);
  for (const auto& candidate : known) {
    auto executable = candidate.lock();
    if (executable->weights() == weights.get() && equal(executable->program(), *program)) {
      return executable;
    }
  }
  DW_TRY_ASSIGN(const auto views, find_weights(*program, weights.get()));
  DW_TRY_ASSIGN(auto executable, compile_impl(std::move(program), std::move(weights), views));
  known.push_back(executable);
  return executable;
}

std::shared_ptr<const Executable> Device::find_compiled(std::span<const std::byte> encoded,
                                                        const WeightSource* weights) const {
  const auto known = executables_.find(xxh3(encoded));
  if (known == executables_.end()) return nullptr;
  for (const auto& candidate : known->second) {
    auto executable = candidate.lock();
    if (executable != nullptr && executable->weights() == weights &&
        equal_bytes(executable->program().encoded, encoded)) {
      return executable;
    }
  }
  return nullptr;
}

Result<void> Device::InFlight::begin(std::span<const Sequence> sequences) {
  const Program& program = executable->program();
  for (const Sequence& sequence : sequences) {
    for (std::size_t slot = 0; slot < sequence.states.size(); ++slot) {
      const std::uint64_t rows = program.states[slot].row_dim.value(sequence.symbols);
      if (auto begun = sequence.states[slot]->begin_append(rows); !begun) {
        return pass_on(begun, fmt::format("While preparing state slot {}", slot));
      }
      states.push_back(sequence.states[slot]);
    }
    for (std::size_t slot = 0; slot < sequence.registers.size(); ++slot) {
      if (auto begun = sequence.registers[slot]->begin_run(); !begun) {
        return pass_on(begun, fmt::format("While preparing register slot {}", slot));
      }
      registers.push_back(sequence.registers[slot]);
    }
  }
  return {};
}

void Device::InFlight::end(bool succeeded) {
  for (AppendState* state : states) state->end_append(succeeded);
  for (RegisterState* state : registers) state->end_run(succeeded);
}

Result<Serial> Device::submit(std::shared_ptr<const Executable> executable,
                              std::span<const Sequence> sequences) {
  DW_CHECK(executable != nullptr);
  const Program& program = executable->program();
  if (sequences.empty() || sequences.size() > kMostSequences) {
    return fail(ErrorCode::invalid_argument, "Sequence count ({}) is not between 1 and {}.",
                sequences.size(), kMostSequences);
  }
  for (const Sequence& sequence : sequences) DW_TRY(check_sequence(program, sequence));
  DW_TRY(check_together(program, sequences));
  DW_TRY(check_overlap(program, sequences, bound_windows_));

  InFlight run{executable, {}, {}};
  if (auto begun = run.begin(sequences); !begun) {
    run.end(false);
    return pass_on(begun);
  }
  const Serial serial{last_serial_ + 1};
  if (auto submitted = submit_impl(serial, std::move(executable), sequences); !submitted) {
    run.end(false);
    return pass_on(submitted);
  }
  ++last_serial_;
  in_flight_.emplace(serial, std::move(run));
  return serial;
}

Result<void> Device::wait(Serial serial, std::uint64_t timeout_ns) {
  const auto run = in_flight_.find(serial);
  if (run == in_flight_.end()) {
    return fail(ErrorCode::not_found, "Run {} is not in flight.",
                static_cast<std::uint64_t>(serial));
  }
  Result<void> ended = wait_impl(serial, timeout_ns);
  if (!ended && ended.error().code() == ErrorCode::timeout) return ended;
  run->second.end(ended.has_value());
  in_flight_.erase(run);
  return ended;
}

}  // namespace driftwood::device
