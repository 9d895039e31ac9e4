// What is in a file, without running anything.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <driftwood/result.h>

namespace driftwood {

struct TensorInfo {
  std::string name;
  std::string dtype;  // as the file spells it: "BF16"
  std::vector<std::uint64_t> shape;
  std::uint64_t size_bytes;
};

struct FileInfo {
  std::uint64_t file_bytes;
  std::uint64_t header_bytes;
  std::map<std::string, std::string> metadata;
  std::vector<TensorInfo> tensors;  // by name
};

// Checks a safetensors file completely and lists its tensors.
// Errors: not_found; io; corrupt, with the rule that is broken; unsupported for a dtype that is not
// known.
Result<FileInfo> inspect_safetensors(const std::string& path);

}  // namespace driftwood
