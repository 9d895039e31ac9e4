// A file that is read piece by piece, from any place in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/error.h"

namespace driftwood::os {

class Descriptor;

// Bytes are copied from the file when they are asked for, so another process that truncates it does
// no worse than to have a read fail. Threads: const members may be called by several at once.
class InputFile {
 public:
  // Errors: not_found; io, also for what is no regular file; a pipe is not waited for.
  static Result<InputFile> open(const std::string& path);
  ~InputFile();
  InputFile(InputFile&&) noexcept;
  InputFile& operator=(InputFile&&) noexcept;

  std::uint64_t size_bytes() const { return size_bytes_; }  // when it was opened

  // Whether it belongs to the process's user, and nobody else may write it. Errors: io.
  Result<bool> is_ours_alone() const;

  // Fills `to` with the bytes from `offset_bytes` on. Errors: io, also where the file has ended.
  Result<void> read(std::uint64_t offset_bytes, std::span<std::byte> to) const;

 private:
  InputFile(std::string path, Descriptor descriptor, std::uint64_t size_bytes);

  std::string path_;
  std::unique_ptr<Descriptor> descriptor_;
  std::uint64_t size_bytes_;
};

}  // namespace driftwood::os
