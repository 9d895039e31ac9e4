#include <algorithm>
#include <array>
#include <limits>

#include "guest/abi.h"
#include "guest/abi_imports.h"

namespace driftwood::guest::abi {

using model::Model;

Answer model_open(GuestState& guest, u32 index) {
  if (guest.services.model == nullptr) {
    return fail(ErrorCode::not_found, "The actor was given no model.");
  }
  if (index != 0) {
    return fail(ErrorCode::not_found, "The actor has no model {}; it has one, number 0.", index);
  }
  return guest.handles.add(guest.services.model);
}

Answer model_config(GuestState& guest, u32 model, u32 which, u32 out, u32 capacity) {
  DW_TRY_ASSIGN(const auto found, guest.handles.find<const Model>(model));
  const std::array<const std::string*, 3> texts = {
      &found->config_json, &found->generation_config_json, &guest.services.options_json};
  static_assert(DW_CONFIG_MODEL == 0 && DW_CONFIG_GENERATION == 1 && DW_CONFIG_OPTIONS == 2);
  if (which >= texts.size()) {
    return fail(ErrorCode::invalid_argument, "A model has no text {}; the last is {}.", which,
                texts.size() - 1);
  }
  return guest.memory.write_prefix(out, capacity, *texts[which]);
}

Answer model_weight(GuestState& guest, u32 model, u32 name, u32 name_size, u32 out) {
  DW_TRY_ASSIGN(const auto found, guest.handles.find<const Model>(model));
  DW_TRY_ASSIGN(const std::string_view weight_name, guest.memory.text(name, name_size));
  DW_TRY_ASSIGN(const tensor::View view, found->weights->find(weight_name));
  dw_weight_info info = {};
  if (view.shape.size() > std::size(info.dims)) {
    return fail(ErrorCode::unsupported, "The weight has {} dimensions; at most {} can be told.",
                view.shape.size(), std::size(info.dims));
  }
  info.dtype = static_cast<u32>(view.dtype);
  info.rank = static_cast<u32>(view.shape.size());
  for (std::size_t i = 0; i < view.shape.size(); ++i) {
    if (view.shape[i] > std::numeric_limits<u32>::max()) {
      return fail(ErrorCode::unsupported, "Dimension {} of the weight ({}) does not fit 32 bits.",
                  i, view.shape[i]);
    }
    info.dims[i] = static_cast<u32>(view.shape[i]);
  }
  DW_TRY(guest.memory.write(out, info));
  return 0;
}

}  // namespace driftwood::guest::abi
