// Writing a file so that whoever reads its name finds the old bytes or the new ones, never a
// mixture.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "core/error.h"

namespace driftwood::os {

// What is true when a file has been written.
enum class Durability {
  none,    // other processes see it; a loss of power may lose it, or leave it without its bytes
  synced,  // it outlives a loss of power
};

// Who may read the new file.
enum class Readers {
  usual,  // those of the file that it replaces; of a new one as the process's umask says
  owner,  // its owner, who alone may write it, too
};

// Begins the names of temporary files.
inline constexpr std::string_view kTemporaryPrefix = ".driftwood-";

// Writes the parts one after another to a temporary file in the folder of `path` and renames that
// to `path`, with the mode of a new file that such `readers` have. Where `path` is a symbolic link,
// the link stays and the file that it names is replaced, whether that exists or not.
//
// On every error but one the temporary file is gone and what was at `path` is as it was. The one
// says that the folder could not be synced after the rename: the new bytes are there, and a loss of
// power may bring the old ones back. A process that is killed can leave the temporary file behind:
// kTemporaryPrefix, 16 hexadecimal digits and ".tmp". No file of such a name is ever read, so it
// may be deleted whenever no process is writing in that folder.
//
// Threads: any; two writers of one path leave the bytes of one of them.
// Errors: not_found for a folder that is not there; invalid_argument for a path that ends in no
// name; io with the path and the system's reason, also where `path` is no regular file.
Result<void> replace_file(const std::string& path,
                          std::span<const std::span<const std::byte>> parts, Durability durability,
                          Readers readers = Readers::usual);

}  // namespace driftwood::os
