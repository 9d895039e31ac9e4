// A range of a guest's memory that it shared with the device.
#pragma once

#include <memory>

#include "core/error.h"
#include "device/device.h"
#include "memory/window.h"

namespace driftwood::guest {

// Its entry in the guest's window table and the device's import. Lifetime: the table outlives it.
class Window {
 public:
  // Errors: those of WindowTable::add, Import::acquire and Device::import_host.
  static Result<std::shared_ptr<Window>> share(memory::WindowTable& table,
                                               std::shared_ptr<memory::Region> region,
                                               device::Device& device, memory::WindowRange range);
  ~Window();
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  const memory::WindowRange& range() const { return range_; }
  device::Buffer& buffer() const { return *buffer_; }

 private:
  Window(memory::WindowTable& table, memory::WindowRange range) : table_(&table), range_(range) {}

  memory::WindowTable* table_;
  memory::WindowRange range_;
  std::unique_ptr<device::Buffer> buffer_;
};

}  // namespace driftwood::guest
