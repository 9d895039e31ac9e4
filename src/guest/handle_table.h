// What a guest holds handles of, and the table of them. Handles count up from 1 and are never
// reused, so a handle that was given back can be told from one that is alive.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <variant>
#include <vector>

#include "core/error.h"
#include "device/device.h"
#include "guest/bindings.h"
#include "guest/shared_window.h"
#include "model/model.h"

namespace driftwood::guest {

// A compiled program. Its bindings are replaced by others and never changed, so that a run keeps
// those that it was asked for with.
struct Graph {
  std::shared_ptr<const device::Executable> executable;
  std::shared_ptr<const Bindings> bindings;

  // Of the program, as encoded.
  std::uint64_t program_bytes() const { return executable->program().encoded.size(); }
};

class HandleTable {
 public:
  using Object = std::variant<std::shared_ptr<const model::Model>, std::shared_ptr<Window>,
                              std::shared_ptr<device::AppendState>,
                              std::shared_ptr<device::RegisterState>, std::shared_ptr<Graph>>;

  explicit HandleTable(std::uint32_t most_alive) : most_alive_(most_alive) {}

  // Errors: limit when as many are alive as may be.
  Result<std::uint32_t> add(Object object);

  // The object of this handle. Errors: invalid_argument when it is not alive or of another kind.
  template <typename T>
  Result<std::shared_ptr<T>> find(std::uint32_t handle) const {
    DW_TRY_ASSIGN(const Object* object, find_any(handle));
    if (const auto* found = std::get_if<std::shared_ptr<T>>(object)) return *found;
    return wrong_kind(handle, *object, Object(std::shared_ptr<T>()));
  }

  // Errors: invalid_argument when it is not alive.
  Result<void> release(std::uint32_t handle);

  std::size_t alive_count() const { return objects_.size(); }
  const std::map<std::uint32_t, Object>& objects() const { return objects_; }  // by handle
  std::uint32_t last() const { return last_; }  // that was given out; 0 before the first

  // Makes the table of a guest that was saved: each object under its number, ascending, and then
  // the last number that was given out. Errors: corrupt when a number was given before or is not
  // up to the last; limit.
  Result<void> put(std::uint32_t handle, Object object);
  Result<void> set_last(std::uint32_t last);

  // Of the graphs alive, as encoded.
  std::uint64_t program_bytes() const;

 private:
  Result<const Object*> find_any(std::uint32_t handle) const;
  static std::unexpected<Error> wrong_kind(std::uint32_t handle, const Object& is,
                                           const Object& expected);

  std::uint32_t most_alive_;
  std::uint32_t last_ = 0;
  std::map<std::uint32_t, Object> objects_;
};

}  // namespace driftwood::guest
