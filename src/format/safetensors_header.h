// The JSON header of a safetensors file, read without building a tree of it. Memory is proportional
// to the header's bytes, whatever they say, and nothing recurses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/error.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace driftwood::format {

struct SafetensorsHeader {
  static constexpr std::size_t kMostTensors = 1 << 18;
  static constexpr std::size_t kMostDims = 64;
  static constexpr std::size_t kMostMetadata = 1 << 16;  // entries

  struct Tensor {
    tensor::DType dtype;
    tensor::Shape shape;
    std::uint64_t begin;  // byte offsets into the data that follows the header
    std::uint64_t end;
  };

  std::map<std::string, Tensor, std::less<>> tensors;
  std::map<std::string, std::string> metadata;
};

// Reads the header and checks what can be checked without the data: UTF-8, one object, keys without
// duplicates, types, known dtypes. Offsets and shapes are as they were written.
// Errors: corrupt with the key, unsupported for a dtype of the format that is not known here, limit
// above kMostTensors, kMostDims or kMostMetadata.
Result<SafetensorsHeader> read_safetensors_header(std::string_view json);

// A name from a file as a message shows it: in quotes, cut to 100 bytes, control characters as '?'.
std::string in_quotes(std::string_view name);

}  // namespace driftwood::format
