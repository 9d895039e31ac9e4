#include <algorithm>

#include "guest/abi.h"
#include "guest/abi_imports.h"

namespace driftwood::guest::abi {

using device::AppendState;

Answer window_share(GuestState& guest, u32 address, u32 size, u32 access) {
  if (access != DW_READ && access != DW_READ_WRITE) {
    return fail(ErrorCode::invalid_argument,
                "Window access ({}) is neither {} (read) nor {} (read and write).", access,
                static_cast<int>(DW_READ), static_cast<int>(DW_READ_WRITE));
  }
  DW_TRY(guest.memory.bytes(address, size));
  const memory::WindowRange range = {address, size, static_cast<memory::Access>(access)};
  DW_TRY_ASSIGN(auto window,
                Window::share(guest.windows, guest.memory.region(), *guest.services.device, range));
  return guest.handles.add(std::move(window));
}

Answer state_append(GuestState& guest, u32 shape) {
  DW_TRY_ASSIGN(const auto asked, guest.memory.read<dw_state_shape>(shape));
  const std::optional<tensor::DType> dtype = tensor::dtype_from_number(asked.dtype);
  if (!dtype) {
    return fail(ErrorCode::invalid_argument, "No dtype has the number {}.", asked.dtype);
  }
  const device::AppendStateShape wanted = {.dtype = *dtype,
                                           .plane_count = asked.planes,
                                           .head_count = asked.heads,
                                           .head_dim = asked.head_dim,
                                           .most_rows = asked.most_rows};
  DW_TRY_ASSIGN(std::shared_ptr<AppendState> state,
                AppendState::create(*guest.services.device, wanted));
  std::erase_if(guest.states, [](const auto& made) { return made.expired(); });
  guest.states.push_back(state);
  return guest.handles.add(std::move(state));
}

Answer state_length(GuestState& guest, u32 state) {
  DW_TRY_ASSIGN(const auto found, guest.handles.find<AppendState>(state));
  return found->length_rows();
}

Answer state_truncate(GuestState& guest, u32 state, u32 rows) {
  DW_TRY_ASSIGN(const auto found, guest.handles.find<AppendState>(state));
  if (std::ranges::count(guest.run_holds.states, found) > 0) {
    return fail(ErrorCode::invalid_argument,
                "The state (handle {}) is bound to the run that was asked for.", state);
  }
  DW_TRY(found->truncate(rows));
  return 0;
}

Answer release(GuestState& guest, u32 handle) {
  DW_TRY(guest.handles.release(handle));
  return 0;
}

}  // namespace driftwood::guest::abi
