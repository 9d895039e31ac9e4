// A folder of files that this program wrote itself and may trust like its own bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"

namespace driftwood::os {

// Only what belongs to the process's user, and what nobody else may write, is read or written to.
// That says who made the bytes, not that they are whole: a file may be cut off or damaged.
// Threads: any, and any number of processes at once.
class PrivateFolder {
 public:
  // Nothing is touched yet. `suffix` ends the names of all its files, which have no '/'.
  PrivateFolder(std::string path, std::string suffix);

  // The bytes of a file. Errors: not_found; io, also for one that belongs to another user, that
  // others may write, or that is no regular file; limit above `most_bytes`.
  Result<std::vector<std::byte>> read(const std::string& name, std::uint64_t most_bytes) const;

  // Writes a file that its owner alone may read and write, whole or not at all. The folder, and
  // those above it, are made where they are missing (mode 0700). Errors: io, also for a folder that
  // belongs to another user or that others may write.
  Result<void> write(const std::string& name,
                     std::span<const std::span<const std::byte>> parts) const;

  // Deletes the files that were written first until no more are left than this; those that a killed
  // process left half written count, too. What has another name stays. Failing is no error.
  void drop_oldest(std::size_t most_files, std::uint64_t most_bytes) const;

 private:
  std::string path_;
  std::string suffix_;
};

}  // namespace driftwood::os
