#include <driftwood/inspect.h>

#include "core/error.h"
#include "format/safetensors.h"
#include "os/mapping.h"

namespace driftwood {

Result<FileInfo> inspect_safetensors(const std::string& path) {
  DW_TRY_ASSIGN(const auto file, os::MappedFile::open(path));
  const auto parsed = format::Safetensors::parse(file.bytes());
  if (!parsed) return pass_on(parsed, fmt::format("\"{}\" is no valid safetensors file", path));
  FileInfo info{.file_bytes = file.bytes().size(),
                .header_bytes = parsed->header_bytes(),
                .metadata = parsed->metadata(),
                .tensors = {}};
  info.tensors.reserve(parsed->tensors().size());
  for (const auto& [name, view] : parsed->tensors()) {
    info.tensors.push_back({.name = name,
                            .dtype = std::string(tensor::safetensors_name(view.dtype)),
                            .shape = view.shape,
                            .size_bytes = view.bytes.size()});
  }
  return info;
}

}  // namespace driftwood
