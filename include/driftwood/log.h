// The log: what the library and its guests have to say beside their results, line by line.
#pragma once

#include <functional>
#include <string_view>

namespace driftwood {

enum class LogLevel { debug, info, warning, error };

using LogCallback = std::function<void(LogLevel level, std::string_view line)>;

// Has lines of level `least` and above handed to `callback` from now on, for the whole process. A
// null callback writes them to standard error, which is the default, with warning as the least
// level. The view is valid during the call.
// Threads: any; the callback is called by one thread at a time, must not throw and must not call
// this function.
void set_log_callback(LogLevel least, LogCallback callback);

}  // namespace driftwood
