#include "os/replace_file.h"

#include <sys/stat.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>

#include "os/file.h"
#include "os/file_faults.h"
#include "os/posix.h"
#include "os/process.h"

namespace driftwood::os {
namespace {

using Parts = std::span<const std::span<const std::byte>>;

constexpr std::uint64_t kMostBytesPerWrite = 1 << 30;  // some systems refuse 2 GiB
constexpr std::size_t kMostPartsPerWrite = 256;        // every system takes 1,024
constexpr int kMostLinks = 40;                         // as Linux follows

const FileFaults* file_faults = nullptr;

// Does one step by calling `call`, again if a signal interrupts it. Returns what `call` returns;
// negative is a failure that errno describes.
template <typename Call>
ssize_t step(std::string_view name, const Call& call) {
  const bool watched = file_faults != nullptr && file_faults->at_step != nullptr;
  for (;;) {
    errno = watched ? file_faults->at_step(name, false) : 0;
    const ssize_t result = errno != 0 ? -1 : call();
    if (result < 0 && errno == EINTR) continue;
    if (watched && result >= 0) file_faults->at_step(name, true);
    return result;
  }
}

std::unexpected<Error> cannot_be_written(const std::string& path) {
  return fail(ErrorCode::io, "File \"{}\" cannot be written: {}.", path, errno_text());
}

// Where the bytes of `path` go: itself, or what a chain of symbolic links names in the end.
Result<std::filesystem::path> follow_links(const std::string& path) {
  std::filesystem::path target = path;
  std::error_code error;
  for (int i = 0; i < kMostLinks; ++i) {
    const auto next = std::filesystem::read_symlink(target, error);
    if (error) return target;  // not a link
    target = target.parent_path() / next;
  }
  errno = ELOOP;
  return cannot_be_written(path);
}

// The file that is written before it takes its place; deleted if it never does.
class TemporaryFile {
 public:
  // `old_mode`: of the file that it replaces, if there is one.
  static Result<TemporaryFile> create(const std::string& path, const std::string& folder,
                                      Readers readers, std::optional<mode_t> old_mode) {
    const bool is_private = readers == Readers::owner || old_mode;
    const mode_t mode = is_private ? 0600 : 0666;
    std::string name = fmt::format("{}/{}{:016x}.tmp", folder, kTemporaryPrefix, random_bits());
    const auto number = static_cast<int>(step("open", [&] {
      return ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    }));
    if (number < 0) return cannot_be_written(path);
    TemporaryFile file(path, std::move(name), Descriptor(number));
    if (readers == Readers::usual && old_mode && ::fchmod(number, *old_mode & 0777) != 0) {
      return cannot_be_written(path);
    }
    return file;
  }

  TemporaryFile(TemporaryFile&& other) noexcept
      : path_(std::move(other.path_)),
        name_(std::exchange(other.name_, {})),
        file_(std::move(other.file_)) {}
  ~TemporaryFile() {
    if (!name_.empty()) ::unlink(name_.c_str());
  }

  Result<void> write(Parts parts) {
    std::uint64_t written = 0;  // of the first part
    while (!parts.empty()) {
      if (written == parts.front().size()) {
        parts = parts.subspan(1);
        written = 0;
        continue;
      }
      std::array<iovec, kMostPartsPerWrite> pieces;
      const int count = gather(parts, written, pieces);
      const ssize_t got =
          step("write", [&] { return ::writev(file_.number(), pieces.data(), count); });
      if (got < 0) return cannot_be_written(path_);
      written += static_cast<std::uint64_t>(got);
      while (written > parts.front().size()) {
        written -= parts.front().size();
        parts = parts.subspan(1);
      }
    }
    return {};
  }

  Result<void> sync() {
    const ssize_t result = step("sync", [&] {
#if defined(__APPLE__)
      // fsync() there stops at the drive's own cache.
      return ::fcntl(file_.number(), F_FULLFSYNC);
#else
      return ::fsync(file_.number());
#endif
    });
    return result < 0 ? cannot_be_written(path_) : Result<void>();
  }

  // Network file systems tell of failed writes no sooner than here.
  Result<void> close() {
    // Not again after a signal: the number may be another file's by then.
    const ssize_t result =
        step("close", [&] { return ::close(file_.release()) != 0 && errno != EINTR ? -1 : 0; });
    return result < 0 ? cannot_be_written(path_) : Result<void>();
  }

  Result<void> rename_to(const std::filesystem::path& target) {
    if (step("rename", [&] { return ::rename(name_.c_str(), target.c_str()); }) < 0) {
      return cannot_be_written(path_);
    }
    name_.clear();
    return {};
  }

 private:
  TemporaryFile(std::string path, std::string name, Descriptor file)
      : path_(std::move(path)), name_(std::move(name)), file_(std::move(file)) {}

  // The first pieces of the parts, from byte `written` of the first one; their number.
  static int gather(Parts parts, std::uint64_t written, std::span<iovec> pieces) {
    std::uint64_t left = kMostBytesPerWrite;
    if (file_faults != nullptr) left = std::min(left, file_faults->most_bytes_per_write);
    std::size_t count = 0;
    for (auto part : parts.first(std::min(parts.size(), pieces.size()))) {
      part = part.subspan(std::exchange(written, 0));
      part = part.first(std::min<std::uint64_t>(part.size(), left));
      // writev() takes a pointer to bytes that may be written, and writes none.
      pieces[count++] = {const_cast<std::byte*>(part.data()), part.size()};
      left -= part.size();
      if (left == 0) break;
    }
    return static_cast<int>(count);
  }

  std::string path_;  // as the caller named it
  std::string name_;  // empty when it is no longer a temporary file
  Descriptor file_;
};

Result<void> sync_folder(const std::string& path, const Descriptor& folder) {
  // Some file systems cannot sync a folder and say EINVAL; there is nothing more to be done then.
  if (step("sync folder", [&] { return ::fsync(folder.number()); }) < 0 && errno != EINVAL) {
    return fail(ErrorCode::io, "File \"{}\" is written, but its folder cannot be synced: {}.", path,
                errno_text());
  }
  return {};
}

}  // namespace

void set_file_faults(const FileFaults* faults) {
  file_faults = faults;
}

Result<void> replace_file(const std::string& path, Parts parts, Durability durability,
                          Readers readers) {
  DW_TRY_ASSIGN(const std::filesystem::path target, follow_links(path));
  struct stat status;
  std::optional<mode_t> old_mode;
  if (::stat(target.c_str(), &status) == 0) old_mode = status.st_mode;
  if (old_mode && !S_ISREG(*old_mode)) {
    return fail(ErrorCode::io, "\"{}\" is not a regular file, so it cannot be replaced.", path);
  }
  if (!target.has_filename()) {
    return fail(ErrorCode::invalid_argument, "The path \"{}\" ends in no file name.", path);
  }
  const std::string folder = target.has_parent_path() ? target.parent_path().string() : ".";
  if (!folder_exists(folder)) {
    return fail(ErrorCode::not_found, "There is no folder \"{}\" to write file \"{}\" into.",
                folder, path);
  }

  // Opened before anything is written, so that a folder that cannot be synced changes nothing.
  Descriptor folder_descriptor(-1);
  if (durability == Durability::synced) {
    DW_TRY_ASSIGN(folder_descriptor, Descriptor::open_for_reading(folder, O_DIRECTORY));
  }
  DW_TRY_ASSIGN(TemporaryFile file, TemporaryFile::create(path, folder, readers, old_mode));
  DW_TRY(file.write(parts));
  if (durability == Durability::synced) DW_TRY(file.sync());
  DW_TRY(file.close());
  DW_TRY(file.rename_to(target));
  return durability == Durability::synced ? sync_folder(path, folder_descriptor) : Result<void>();
}

}  // namespace driftwood::os
