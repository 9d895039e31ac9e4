// What the files of this folder share: errno as text, a file descriptor that closes itself, whose a
// file is, and the opening of regular files.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

#include "core/error.h"

namespace driftwood::os {

// The text of the last failed call's errno.
inline std::string errno_text() {
  return std::system_category().message(errno);
}

// Whether it belongs to the process's user, and nobody else may write it.
inline bool is_ours_alone(const struct stat& status) {
  return status.st_uid == ::geteuid() && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

class Descriptor {
 public:
  // Errors: not_found, io. A pipe that nobody writes is waited for.
  static Result<Descriptor> open_for_reading(const std::string& path, int extra_flags = 0) {
    int number;
    do {
      number = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | extra_flags);
    } while (number < 0 && errno == EINTR);
    if (number >= 0) return Descriptor(number);
    if (errno == ENOENT || errno == ENOTDIR) {
      return fail(ErrorCode::not_found, "There is no file \"{}\".", path);
    }
    return fail(ErrorCode::io, "File \"{}\" cannot be opened: {}.", path, errno_text());
  }

  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  int number() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

// A file that has a size and can be read anywhere.
struct RegularFile {
  Descriptor descriptor;
  std::uint64_t size_bytes;  // when it was opened

  // Errors: not_found; io, also for what is no regular file. A pipe is not waited for.
  static Result<RegularFile> open(const std::string& path) {
    DW_TRY_ASSIGN(Descriptor descriptor, Descriptor::open_for_reading(path, O_NONBLOCK));
    struct stat status;
    if (::fstat(descriptor.number(), &status) != 0) {
      return fail(ErrorCode::io, "File \"{}\" cannot be examined: {}.", path, errno_text());
    }
    if (!S_ISREG(status.st_mode)) {
      return fail(ErrorCode::io, "\"{}\" is no regular file.", path);
    }
    return RegularFile{std::move(descriptor), static_cast<std::uint64_t>(status.st_size)};
  }
};

}  // namespace driftwood::os
