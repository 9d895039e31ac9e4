#include <algorithm>

#include "guest/abi.h"
#include "guest/abi_imports.h"
#include "guest/device_bytes.h"

namespace driftwood::guest::abi {

using device::AppendState;
using device::RegisterState;

namespace {

Result<tensor::DType> dtype_of(u32 number) {
  if (const auto dtype = tensor::dtype_from_number(number)) return *dtype;
  return fail(ErrorCode::invalid_argument, "No dtype has the number {}.", number);
}

}  // namespace

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
  DW_TRY_ASSIGN(const tensor::DType dtype, dtype_of(asked.dtype));
  const device::AppendStateShape wanted = {.dtype = dtype,
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

Answer state_register(GuestState& guest, u32 shape) {
  DW_TRY_ASSIGN(const auto asked, guest.memory.read<dw_register_shape>(shape));
  DW_TRY_ASSIGN(const tensor::DType dtype, dtype_of(asked.dtype));
  const std::span<const u32> dims = asked.dims;
  if (asked.rank > dims.size()) {
    return fail(ErrorCode::invalid_argument, "The register's rank is {}; at most {} is allowed.",
                asked.rank, dims.size());
  }
  if (std::ranges::any_of(dims.subspan(asked.rank), [](u32 dim) { return dim != 0; })) {
    return fail(ErrorCode::invalid_argument,
                "The register's dimensions beyond its rank ({}) are not 0.", asked.rank);
  }
  tensor::Shape wanted(dims.begin(), dims.begin() + asked.rank);
  DW_TRY_ASSIGN(const std::uint64_t added_bytes, RegisterState::size_bytes(dtype, wanted));
  DW_TRY(check_device_bytes(guest, added_bytes));
  DW_TRY_ASSIGN(std::shared_ptr<RegisterState> state,
                RegisterState::create(*guest.services.device, dtype, std::move(wanted)));
  std::erase_if(guest.registers, [](const auto& made) { return made.expired(); });
  guest.registers.push_back(state);
  return guest.handles.add(std::move(state));
}

Answer state_length(GuestState& guest, u32 state) {
  DW_TRY_ASSIGN(const auto found, guest.handles.find<AppendState>(state));
  return found->length_rows();
}

Answer state_truncate(GuestState& guest, u32 state, u32 rows) {
  DW_TRY_ASSIGN(const auto found, guest.handles.find<AppendState>(state));
  if (guest.run && std::ranges::count(guest.run_holds->states, found) > 0) {
    return fail(ErrorCode::invalid_argument,
                "The state (handle {}) is bound to the run that was asked for.", state);
  }
  DW_TRY(found->truncate(rows));
  return 0;
}

Answer state_tokens(GuestState& guest, u32 state, u32 first, u32 ids, u32 count) {
  DW_TRY_ASSIGN(const auto found, guest.handles.find<AppendState>(state));
  DW_TRY_ASSIGN(const auto tokens, guest.memory.read_array<std::int32_t>(ids, count));
  DW_TRY(check_device_bytes(guest, std::uint64_t{count} * sizeof(std::int32_t)));
  DW_TRY(found->name_tokens(first, tokens));
  return 0;
}

Answer release(GuestState& guest, u32 handle) {
  DW_TRY(guest.handles.release(handle));
  return 0;
}

}  // namespace driftwood::guest::abi
