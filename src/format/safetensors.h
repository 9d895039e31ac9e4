// The safetensors format: bytes in, views out. https://github.com/huggingface/safetensors#format
// Layout: u64 little-endian header size, that many bytes of JSON, then the tensors' bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "core/error.h"
#include "format/safetensors_header.h"
#include "tensor/view.h"

namespace driftwood::format {

// Where the tensors of a file are, all rules checked.
struct SafetensorsIndex {
  SafetensorsHeader header;
  std::uint64_t header_bytes;  // of the JSON
  std::uint64_t data_begin;    // offset of the data in the file
};

// The bytes that the header of a file takes, size field included, by the first 8 bytes of the file.
// Errors: corrupt when the file has not so many, or more than Safetensors::kMostHeaderBytes.
Result<std::uint64_t> safetensors_head_bytes(std::span<const std::byte> first,
                                             std::uint64_t file_bytes);

// Checks the header of a file of `file_bytes` bytes; `head` begins with all of it, size field
// included. Errors: as Safetensors::parse.
Result<SafetensorsIndex> index_safetensors(std::span<const std::byte> head,
                                           std::uint64_t file_bytes);

class Safetensors {
 public:
  static constexpr std::uint64_t kMostHeaderBytes = 100'000'000;

  // Checks every rule before anything is used: header size and UTF-8, one JSON object without
  // duplicate keys, known dtypes, offsets in order, inside the file, without gap or overlap and
  // equal to dtype times shape, metadata of strings. Nothing is copied; views point into `bytes`,
  // which must outlive this. Errors: corrupt with the tensor and the numbers; unsupported for a
  // dtype that is valid but not known here; limit above SafetensorsHeader::kMostTensors tensors,
  // kMostDims dimensions or kMostMetadata entries of metadata.
  static Result<Safetensors> parse(std::span<const std::byte> bytes);

  // By name.
  const std::map<std::string, tensor::View, std::less<>>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  std::uint64_t header_bytes() const { return header_bytes_; }  // of the JSON

  // The tensor of this name, or null.
  const tensor::View* find(std::string_view name) const;

 private:
  std::map<std::string, tensor::View, std::less<>> tensors_;
  std::map<std::string, std::string> metadata_;
  std::uint64_t header_bytes_ = 0;
};

}  // namespace driftwood::format
