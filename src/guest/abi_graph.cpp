#include "graph/program.h"
#include "guest/abi.h"
#include "guest/abi_imports.h"
#include "guest/log_lines.h"

namespace driftwood::guest::abi {
namespace {

// The weights of a program that uses none. One object, so that equal programs are known to be
// equal.
class NoWeights : public device::WeightSource {
 public:
  Result<tensor::View> find(std::string_view name) const override {
    return fail(ErrorCode::not_found, "The program names the weight {}, but was given no model.",
                printable(name, kMostNameBytes));
  }
};

std::shared_ptr<const device::WeightSource> no_weights() {
  static const auto kNone = std::make_shared<const NoWeights>();
  return kNone;
}

// Errors: limit when the guest's graphs would hold more than they may.
Result<void> check_program_bytes(const GuestState& guest, u32 added_bytes) {
  const std::uint64_t sum_bytes = guest.handles.program_bytes() + added_bytes;
  const std::uint64_t most_bytes = guest.services.limits.program_bytes;
  if (sum_bytes <= most_bytes) return {};
  return fail(ErrorCode::limit,
              "The programs of the guest's graphs would take {} bytes, over its limit of {}.",
              sum_bytes, most_bytes);
}

Result<void> check_slot(const char* kind, u32 slot, std::size_t slot_count) {
  if (slot < slot_count) return {};
  return fail(ErrorCode::invalid_argument, "The program has {} {} slots, and no slot {}.",
              slot_count, kind, slot);
}

Result<void> bind_window(const GuestState& guest, const graph::Program& program,
                         const dw_binding& binding, Bindings& bindings) {
  DW_TRY(check_slot("window", binding.slot, program.windows.size()));
  DW_TRY_ASSIGN(auto window, guest.handles.find<Window>(binding.handle));
  if (binding.offset_bytes % 4 != 0) {
    return fail(ErrorCode::invalid_argument,
                "Offset ({}) of window slot {} is not a multiple of 4.", binding.offset_bytes,
                binding.slot);
  }
  if (binding.offset_bytes > window->buffer().size_bytes()) {
    return fail(ErrorCode::invalid_argument,
                "Offset ({}) of window slot {} is over the window ({} bytes).",
                binding.offset_bytes, binding.slot, window->buffer().size_bytes());
  }
  if (program.windows[binding.slot].written &&
      window->buffer().access() != memory::Access::read_write) {
    return fail(
        ErrorCode::invalid_argument,
        "The program writes window slot {}, but the window (handle {}) is shared for reading.",
        binding.slot, binding.handle);
  }
  bindings.windows[binding.slot] = {std::move(window), binding.offset_bytes};
  return {};
}

Result<void> bind_state(const GuestState& guest, const graph::Program& program,
                        const dw_binding& binding, Bindings& bindings) {
  DW_TRY(check_slot("state", binding.slot, program.states.size()));
  DW_TRY_ASSIGN(auto state, guest.handles.find<device::AppendState>(binding.handle));
  if (binding.offset_bytes != 0) {
    return fail(ErrorCode::invalid_argument, "Offset ({}) of state slot {} is not 0.",
                binding.offset_bytes, binding.slot);
  }
  const graph::StateSlot& slot = program.states[binding.slot];
  const device::AppendStateShape& shape = state->shape();
  if (shape.dtype != slot.dtype || shape.plane_count < slot.plane_count ||
      shape.head_count != slot.head_count || shape.head_dim != slot.head_dim) {
    return fail(
        ErrorCode::invalid_argument,
        "State slot {} takes {} planes of [{}, {}] {}, but the state (handle {}) has {} planes of "
        "[{}, {}] {}.",
        binding.slot, slot.plane_count, slot.head_count, slot.head_dim, tensor::name(slot.dtype),
        binding.handle, shape.plane_count, shape.head_count, shape.head_dim,
        tensor::name(shape.dtype));
  }
  bindings.states[binding.slot] = std::move(state);
  return {};
}

Result<void> bind_register(const GuestState& guest, const graph::Program& program,
                           const dw_binding& binding, Bindings& bindings) {
  DW_TRY(check_slot("register", binding.slot, program.registers.size()));
  DW_TRY_ASSIGN(auto state, guest.handles.find<device::RegisterState>(binding.handle));
  if (binding.offset_bytes != 0) {
    return fail(ErrorCode::invalid_argument, "Offset ({}) of register slot {} is not 0.",
                binding.offset_bytes, binding.slot);
  }
  const graph::RegisterSlot& slot = program.registers[binding.slot];
  if (state->dtype() != slot.dtype || state->shape() != slot.shape) {
    return fail(ErrorCode::invalid_argument,
                "Register slot {} takes {} of shape {}, but the register (handle {}) is {} of "
                "shape {}.",
                binding.slot, tensor::name(slot.dtype), tensor::to_string(slot.shape),
                binding.handle, tensor::name(state->dtype()), tensor::to_string(state->shape()));
  }
  bindings.registers[binding.slot] = std::move(state);
  return {};
}

// The function that makes bindings of a kind. Errors: invalid_argument for no such kind.
using Bind = Result<void> (*)(const GuestState&, const graph::Program&, const dw_binding&,
                              Bindings&);

Result<Bind> bind_of(u32 kind) {
  switch (kind) {
    case DW_SLOT_WINDOW:
      return bind_window;
    case DW_SLOT_STATE:
      return bind_state;
    case DW_SLOT_REGISTER:
      return bind_register;
  }
  return fail(ErrorCode::invalid_argument,
              "Slot kind ({}) is neither {} (window), {} (state) nor {} (register).", kind,
              static_cast<int>(DW_SLOT_WINDOW), static_cast<int>(DW_SLOT_STATE),
              static_cast<int>(DW_SLOT_REGISTER));
}

}  // namespace

Answer graph_compile(GuestState& guest, u32 model, u32 program, u32 size) {
  std::shared_ptr<const device::WeightSource> weights = no_weights();
  if (model != 0) {
    DW_TRY_ASSIGN(const auto found, guest.handles.find<const model::Model>(model));
    weights = found->weights;
  }
  DW_TRY_ASSIGN(const std::span<const std::byte> encoded, guest.memory.bytes(program, size));
  DW_TRY(check_program_bytes(guest, size));
  DW_TRY_ASSIGN(auto decoded, graph::decode_program(encoded));
  auto graph = std::make_shared<Graph>();
  graph->program_bytes = size;
  auto unbound = std::make_shared<Bindings>();
  unbound->windows.resize(decoded->windows.size());
  unbound->states.resize(decoded->states.size());
  unbound->registers.resize(decoded->registers.size());
  graph->bindings = std::move(unbound);
  DW_TRY_ASSIGN(graph->executable,
                guest.services.device->compile(std::move(decoded), std::move(weights)));
  return guest.handles.add(std::move(graph));
}

Answer graph_bind(GuestState& guest, u32 graph, u32 bindings, u32 count) {
  DW_TRY_ASSIGN(const auto found, guest.handles.find<Graph>(graph));
  const graph::Program& program = found->executable->program();
  const std::size_t slot_count =
      program.windows.size() + program.states.size() + program.registers.size();
  if (count > slot_count) {
    return fail(ErrorCode::invalid_argument, "{} bindings are given, but the program has {} slots.",
                count, slot_count);
  }
  DW_TRY_ASSIGN(const auto records, guest.memory.read_array<dw_binding>(bindings, count));
  auto bound = std::make_shared<Bindings>(*found->bindings);  // all of them are made, or none
  for (const dw_binding& record : records) {
    DW_TRY_ASSIGN(const Bind bind, bind_of(record.kind));
    DW_TRY(bind(guest, program, record, *bound));
  }
  found->bindings = std::move(bound);
  return 0;
}

}  // namespace driftwood::guest::abi
