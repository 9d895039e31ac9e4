#include "guest/abi.h"
#include "guest/abi_imports.h"
#include "guest/compile_program.h"
#include "guest/device_bytes.h"

namespace driftwood::guest::abi {
namespace {

Result<void> check_no_offset(const dw_binding& binding) {
  if (binding.offset_bytes == 0) return {};
  return fail(ErrorCode::invalid_argument,
              "Offset ({}) of slot {}, which is no window's, is not 0.", binding.offset_bytes,
              binding.slot);
}

Result<void> bind(const GuestState& guest, const graph::Program& program, const dw_binding& binding,
                  Bindings& bindings) {
  switch (binding.kind) {
    case DW_SLOT_WINDOW: {
      DW_TRY_ASSIGN(auto window, guest.handles.find<Window>(binding.handle));
      return bind_window(program, binding.slot, std::move(window), binding.offset_bytes, bindings);
    }
    case DW_SLOT_STATE: {
      DW_TRY(check_no_offset(binding));
      DW_TRY_ASSIGN(auto state, guest.handles.find<device::AppendState>(binding.handle));
      return bind_state(program, binding.slot, std::move(state), bindings);
    }
    case DW_SLOT_REGISTER: {
      DW_TRY(check_no_offset(binding));
      DW_TRY_ASSIGN(auto state, guest.handles.find<device::RegisterState>(binding.handle));
      return bind_register(program, binding.slot, std::move(state), bindings);
    }
  }
  return fail(ErrorCode::invalid_argument,
              "Slot kind ({}) is neither {} (window), {} (state) nor {} (register).", binding.kind,
              static_cast<int>(DW_SLOT_WINDOW), static_cast<int>(DW_SLOT_STATE),
              static_cast<int>(DW_SLOT_REGISTER));
}

}  // namespace

Answer graph_compile(GuestState& guest, u32 model, u32 program, u32 size) {
  std::shared_ptr<const model::Model> weights;
  if (model != 0) {
    DW_TRY_ASSIGN(weights, guest.handles.find<const model::Model>(model));
  }
  DW_TRY_ASSIGN(const std::span<const std::byte> encoded, guest.memory.bytes(program, size));
  DW_TRY(check_program_bytes(guest, size));
  auto graph = std::make_shared<Graph>();
  DW_TRY_ASSIGN(graph->executable, compile_program(*guest.services.device, weights.get(), encoded));
  graph->bindings = std::make_shared<Bindings>(graph->executable->program());
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
    DW_TRY(bind(guest, program, record, *bound));
  }
  found->bindings = std::move(bound);
  return 0;
}

}  // namespace driftwood::guest::abi
