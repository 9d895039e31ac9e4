// What the files of this folder share: errno as text, and a file descriptor that closes itself.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "core/error.h"

namespace driftwood::os {

// The text of the last failed call's errno.
inline std::string errno_text() {
  return std::system_category().message(errno);
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

}  // namespace driftwood::os
