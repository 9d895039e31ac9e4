#include "guest/handle_table.h"

#include <array>
#include <limits>

namespace driftwood::guest {
namespace {

// By the variant's index.
constexpr std::array<std::string_view, std::variant_size_v<HandleTable::Object>> kKinds = {
    "a model", "a window", "a state", "a register", "a graph"};

}  // namespace

Result<std::uint32_t> HandleTable::add(Object object) {
  if (objects_.size() >= most_alive_) {
    return fail(ErrorCode::limit, "The guest has {} handles alive, and may have {}.",
                objects_.size(), most_alive_);
  }
  if (last_ == std::numeric_limits<std::int32_t>::max()) {
    return fail(ErrorCode::limit, "The guest was given all {} handle numbers.", last_);
  }
  ++last_;
  objects_.emplace(last_, std::move(object));
  return last_;
}

Result<void> HandleTable::put(std::uint32_t handle, Object object) {
  if (handle <= last_) {
    return fail(ErrorCode::corrupt, "Handle {} does not come after {}.", handle, last_);
  }
  DW_TRY(set_last(handle - 1));
  DW_TRY(add(std::move(object)));
  return {};
}

Result<void> HandleTable::set_last(std::uint32_t last) {
  if (last < last_ || last > std::numeric_limits<std::int32_t>::max()) {
    return fail(ErrorCode::corrupt, "The last handle ({}) is below {} or over {}.", last, last_,
                std::numeric_limits<std::int32_t>::max());
  }
  last_ = last;
  return {};
}

Result<void> HandleTable::release(std::uint32_t handle) {
  DW_TRY(find_any(handle));
  objects_.erase(handle);
  return {};
}

std::uint64_t HandleTable::program_bytes() const {
  std::uint64_t sum_bytes = 0;
  for (const auto& [handle, object] : objects_) {
    if (const auto* graph = std::get_if<std::shared_ptr<Graph>>(&object)) {
      sum_bytes += (*graph)->program_bytes();
    }
  }
  return sum_bytes;
}

Result<const HandleTable::Object*> HandleTable::find_any(std::uint32_t handle) const {
  const auto found = objects_.find(handle);
  if (found != objects_.end()) return &found->second;
  const auto number = static_cast<std::int32_t>(handle);  // as the guest wrote it
  if (handle >= 1 && handle <= last_) {
    return fail(ErrorCode::invalid_argument, "Handle {} was released.", number);
  }
  return fail(ErrorCode::invalid_argument, "Handle {} was never given to this guest.", number);
}

std::unexpected<Error> HandleTable::wrong_kind(std::uint32_t handle, const Object& is,
                                               const Object& expected) {
  return fail(ErrorCode::invalid_argument, "Handle {} is {}, not {}.", handle, kKinds[is.index()],
              kKinds[expected.index()]);
}

}  // namespace driftwood::guest
