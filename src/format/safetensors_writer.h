// Lays out a safetensors file around bytes that stay where they are. The reader is in
// safetensors.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace driftwood::format {

using Bytes = std::span<const std::byte>;

// A file that is ready to be written: its parts one after another.
class SafetensorsFile {
 public:
  SafetensorsFile(SafetensorsFile&&) = default;
  SafetensorsFile& operator=(SafetensorsFile&&) = default;

  // The header, then what the writer was given, and padding. They point into this object, into the
  // caller's bytes and into constants.
  std::span<const Bytes> parts() const { return parts_; }
  std::uint64_t size_bytes() const { return size_bytes_; }

  // Copies the file into memory. Precondition: `whole` is of size_bytes().
  void copy_to(std::span<std::byte> whole) const;

 private:
  friend class SafetensorsWriter;
  SafetensorsFile() = default;

  std::vector<std::byte> header_;
  std::vector<Bytes> parts_;
  std::uint64_t size_bytes_ = 0;
};

// Layout: tensors in the order in which they are added. Each begins at a multiple of its element's
// size, or, if it asks for that and has bytes, at a multiple of kAlignmentBytes of the file. Since
// the format allows no holes, gaps are U8 tensors called "pad.0", "pad.1", ..., and the header is
// filled up with spaces, to a multiple of kAlignmentBytes if a tensor begins at one. What is
// written here, Safetensors::parse() reads.
class SafetensorsWriter {
 public:
  static constexpr std::uint64_t kAlignmentBytes = 64 * 1024;

  enum class Alignment { element, mappable };

  // Sets or replaces one entry of the metadata.
  void set_metadata(std::string key, std::string text);

  // Adds a tensor whose bytes are the parts one after another; they have to stay until the file is
  // written. Errors: invalid_argument for a name that is there already, is "__metadata__" or begins
  // with "pad.", and for parts that are not as many bytes as dtype and shape say; limit above
  // SafetensorsHeader::kMostTensors tensors, padding included, or kMostDims dimensions.
  Result<void> add(std::string name, tensor::DType dtype, tensor::Shape shape,
                   std::span<const Bytes> parts, Alignment alignment = Alignment::element);
  Result<void> add(std::string name, tensor::DType dtype, tensor::Shape shape, Bytes bytes,
                   Alignment alignment = Alignment::element);

  // The file. This writer has no tensors afterwards. Errors: invalid_argument for a name or
  // metadata that is not UTF-8; limit for a header above Safetensors::kMostHeaderBytes.
  Result<SafetensorsFile> finish() &&;

 private:
  struct Tensor {
    tensor::DType dtype;
    tensor::Shape shape;
    std::uint64_t begin;  // byte offsets into the data
    std::uint64_t end;
  };

  Result<void> check_name(const std::string& name) const;
  void pad_to(std::uint64_t alignment_bytes);
  Result<std::vector<std::byte>> header() const;

  std::map<std::string, Tensor> tensors_;
  std::map<std::string, std::string> metadata_;
  std::vector<Bytes> parts_;
  std::uint64_t data_bytes_ = 0;
  std::size_t pad_count_ = 0;
  bool is_mappable_ = false;  // some tensor is
};

}  // namespace driftwood::format
