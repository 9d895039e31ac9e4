#include "guest/shared_window.h"

#include <utility>

namespace driftwood::guest {

Result<std::shared_ptr<Window>> Window::share(memory::WindowTable& table,
                                              std::shared_ptr<memory::Region> region,
                                              device::Device& device, memory::WindowRange range) {
  DW_TRY(table.add(*region, range));
  // From here on the destructor takes the range out of the table again.
  std::shared_ptr<Window> window(new Window(table, range));
  DW_TRY_ASSIGN(memory::Import import, memory::Import::acquire(std::move(region), range));
  DW_TRY_ASSIGN(window->buffer_, device.import_host(std::move(import)));
  return window;
}

Window::~Window() {
  buffer_.reset();
  // Cannot fail: add() put the range there and only this removes it.
  (void)table_->remove(range_.offset_bytes);
}

}  // namespace driftwood::guest
