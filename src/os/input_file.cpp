#include "os/input_file.h"

#include <algorithm>
#include <utility>

#include "os/posix.h"

namespace driftwood::os {
namespace {

constexpr std::size_t kMostBytesPerRead = std::size_t{1} << 30;  // some systems refuse 2 GiB

}  // namespace

InputFile::InputFile(std::string path, Descriptor descriptor, std::uint64_t size_bytes)
    : path_(std::move(path)),
      descriptor_(std::make_unique<Descriptor>(std::move(descriptor))),
      size_bytes_(size_bytes) {}
InputFile::~InputFile() = default;
InputFile::InputFile(InputFile&&) noexcept = default;
InputFile& InputFile::operator=(InputFile&&) noexcept = default;

Result<InputFile> InputFile::open(const std::string& path) {
  DW_TRY_ASSIGN(RegularFile file, RegularFile::open(path));
  return InputFile(path, std::move(file.descriptor), file.size_bytes);
}

Result<bool> InputFile::is_ours_alone() const {
  struct stat status;
  if (::fstat(descriptor_->number(), &status) != 0) {
    return fail(ErrorCode::io, "File \"{}\" cannot be examined: {}.", path_, errno_text());
  }
  return os::is_ours_alone(status);
}

Result<void> InputFile::read(std::uint64_t offset_bytes, std::span<std::byte> to) const {
  while (!to.empty()) {
    const ssize_t got =
        ::pread(descriptor_->number(), to.data(), std::min(to.size(), kMostBytesPerRead),
                static_cast<off_t>(offset_bytes));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return fail(ErrorCode::io, "File \"{}\" cannot be read: {}.", path_, errno_text());
    }
    if (got == 0) {
      return fail(ErrorCode::io, "File \"{}\" ends at byte {}, and more was asked for.", path_,
                  offset_bytes);
    }
    offset_bytes += static_cast<std::uint64_t>(got);
    to = to.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

}  // namespace driftwood::os
