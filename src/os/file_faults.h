// For tests: faults in the steps by which a file is written. Programs set none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace driftwood::os {

struct FileFaults {
  // Called before and after each step: "open", "write", "sync", "close", "rename", "sync folder".
  // A step before which it gives an errno fails with that instead of being tried; 0 lets it happen.
  std::function<int(std::string_view step, bool done)> at_step;
  // A write takes at most as many bytes, so that small files have many steps.
  std::uint64_t most_bytes_per_write = UINT64_MAX;
};

// Holds for all files that the process writes from now on; null for none. `faults` stays where it
// is until then. Precondition: no file is being written.
void set_file_faults(const FileFaults* faults);

}  // namespace driftwood::os
