// The bytes of one frozen actor, in a file or in memory: what is in it and where, checked before
// anything is used, and read from where it lies (docs/formats/frozen_actor.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "actor/frozen_descriptor.h"
#include "core/error.h"
#include "format/safetensors.h"
#include "os/input_file.h"

namespace driftwood::actor::frozen {

inline constexpr std::string_view kFormat = "driftwood.frozen_actor";
inline constexpr std::string_view kVersion = "1";
inline constexpr std::uint64_t kPageBytes = 4096;  // on every host

// The tensors beside those that are numbered: state.N, register.N, program.N, pad.N.
inline constexpr std::string_view kMemory = "memory", kMemoryPages = "memory.pages",
                                  kGlobals = "globals", kModule = "module", kTexts = "texts",
                                  kInputLog = "input_log", kChecksums = "checksums";

class File {
 public:
  // Errors: not_found and io; corrupt with what is wrong; unsupported for another format or
  // version.
  static Result<File> open(const std::string& path);
  // The same for bytes in memory, which outlive this.
  static Result<File> of(std::span<const std::byte> bytes);

  const Descriptor& descriptor() const { return descriptor_; }
  const format::SafetensorsHeader& header() const { return index_.header; }
  std::uint64_t size_bytes() const;

  using Tensor = format::SafetensorsHeader::Tensor;

  // The tensor of this name; null if there is none.
  const Tensor* find(std::string_view name) const;
  // Likewise, of this dtype and rank. Errors: corrupt.
  Result<const Tensor*> require(std::string_view name, tensor::DType dtype, std::size_t rank) const;

  // Copies bytes of a tensor. Errors: io. Precondition: they are within it.
  Result<void> read(const Tensor& tensor, std::uint64_t offset_bytes,
                    std::span<std::byte> to) const;
  // All of them.
  Result<std::vector<std::byte>> read_all(const Tensor& tensor) const;

  // Compares checksums with the bytes: that of the description, and those of all tensors, or of the
  // bulk, which takes longer to read than to use (the memory's pages, the rows of states and the
  // module), or of all that is small. Errors: corrupt, with the tensor; io.
  enum class Checked { small, bulk, all };
  Result<void> verify_checksums(Checked checked = Checked::all) const;

  // Of all checksums together: it tells two files apart that differ in any byte.
  Result<std::uint64_t> identity() const;

 private:
  using Source = std::variant<os::InputFile, std::span<const std::byte>>;
  explicit File(Source source) : source_(std::move(source)) {}
  static Result<File> read_head(Source source);
  Result<void> read_bytes(std::uint64_t offset_bytes, std::span<std::byte> to) const;
  Result<void> read_descriptor();

  Source source_;
  format::SafetensorsIndex index_ = {};
  Descriptor descriptor_;
};

// Names of the tensors that have a checksum, in the order of the checksums behind that of the
// description: ascending, without padding and the checksums themselves.
std::vector<std::string> checked_tensors(const format::SafetensorsHeader& header);

}  // namespace driftwood::actor::frozen
