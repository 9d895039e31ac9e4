#include "os/file.h"

#include <sys/stat.h>

#include <algorithm>

#include "os/posix.h"

namespace driftwood::os {
namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;

// The file mode, or 0 if there is nothing to be found at `path`.
mode_t mode_of(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode : 0;
}

}  // namespace

// Reads until the end instead of trusting the length, which pipes and /proc do not have.
Result<std::string> read_file(const std::string& path, std::uint64_t most_bytes) {
  DW_TRY_ASSIGN(Descriptor descriptor, Descriptor::open_for_reading(path));
  std::string bytes;
  for (;;) {
    const std::size_t old_size = bytes.size();
    bytes.resize(old_size + std::max(kPieceBytes, old_size));
    const ssize_t got =
        ::read(descriptor.number(), bytes.data() + old_size, bytes.size() - old_size);
    if (got < 0 && errno != EINTR) {
      return fail(ErrorCode::io, "File \"{}\" cannot be read: {}.", path, errno_text());
    }
    bytes.resize(old_size + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (bytes.size() > most_bytes) {
      return fail(ErrorCode::limit, "File \"{}\" is longer than the limit ({} bytes).", path,
                  most_bytes);
    }
    if (got == 0) return bytes;
  }
}

bool file_exists(const std::string& path) {
  return mode_of(path) != 0 && !folder_exists(path);
}

bool folder_exists(const std::string& path) {
  return S_ISDIR(mode_of(path));
}

}  // namespace driftwood::os
