#include <driftwood/log.h>

#include <utility>

#include "core/log.h"

namespace driftwood {

void set_log_callback(LogLevel least, LogCallback callback) {
  log::Sink sink;
  if (callback) {
    sink = [callback = std::move(callback)](log::Level level, std::string_view line) {
      callback(static_cast<LogLevel>(level), line);
    };
  }
  log::configure(static_cast<log::Level>(least), std::move(sink));
}

}  // namespace driftwood
