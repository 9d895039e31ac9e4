#include "actor/frozen_file.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/checksum.h"

namespace driftwood::actor::frozen {
namespace {

constexpr std::uint64_t kFirstReadBytes = 64 * 1024;  // holds the header of most files
constexpr std::uint64_t kVerifyPieceBytes = 1 << 20;

const std::string* entry(const format::SafetensorsHeader& header, const char* key) {
  const auto found = header.metadata.find(key);
  return found == header.metadata.end() ? nullptr : &found->second;
}

std::string_view actor_json(const format::SafetensorsHeader& header) {
  return *entry(header, "actor");
}

Result<void> check_metadata(const format::SafetensorsHeader& header) {
  const std::string* format = entry(header, "format");
  if (format == nullptr || *format != kFormat) {
    return fail(ErrorCode::unsupported, "The file is no frozen actor: its format is not \"{}\".",
                kFormat);
  }
  const std::string* version = entry(header, "version");
  if (version == nullptr || *version != kVersion) {
    return fail(ErrorCode::unsupported,
                "The frozen actor has the format version {}; this program reads version {}.",
                version == nullptr ? "none" : format::in_quotes(*version), kVersion);
  }
  if (entry(header, "actor") == nullptr) {
    return fail(ErrorCode::corrupt, "The frozen actor has no description.");
  }
  return {};
}

// Whether it is pages of memory, the module, or rows of a state.
bool is_bulk(std::string_view name) {
  if (name == kMemory || name == kModule) return true;
  return name.starts_with("state.") && !name.ends_with(".tokens");
}

}  // namespace

Result<File> File::open(const std::string& path) {
  DW_TRY_ASSIGN(auto input, os::InputFile::open(path));
  auto file = read_head(Source(std::move(input)));
  if (!file) return pass_on(file, path);
  return file;
}

Result<File> File::of(std::span<const std::byte> bytes) {
  return read_head(Source(bytes));
}

std::uint64_t File::size_bytes() const {
  if (const auto* input = std::get_if<os::InputFile>(&source_)) return input->size_bytes();
  return std::get<std::span<const std::byte>>(source_).size();
}

Result<void> File::read_bytes(std::uint64_t offset_bytes, std::span<std::byte> to) const {
  if (const auto* input = std::get_if<os::InputFile>(&source_)) {
    return input->read(offset_bytes, to);
  }
  std::ranges::copy(std::get<std::span<const std::byte>>(source_).subspan(offset_bytes, to.size()),
                    to.begin());
  return {};
}

Result<File> File::read_head(Source source) {
  File file(std::move(source));
  const std::uint64_t file_bytes = file.size_bytes();
  // On the stack, since it goes again at once: a heap gives so large a piece back to the system.
  std::array<std::byte, kFirstReadBytes> first;
  std::span<std::byte> head = std::span(first).first(std::min(kFirstReadBytes, file_bytes));
  DW_TRY(file.read_bytes(0, head));
  DW_TRY_ASSIGN(const std::uint64_t head_bytes, format::safetensors_head_bytes(head, file_bytes));
  if (head_bytes > kMostHeadBytes) {
    return fail(ErrorCode::limit, "The header of the file has {} bytes, over the limit of {}.",
                head_bytes, kMostHeadBytes);
  }
  std::vector<std::byte> whole;
  if (head_bytes > head.size()) {
    whole.resize(head_bytes);
    head = whole;
    DW_TRY(file.read_bytes(0, head));
  }
  DW_TRY_ASSIGN(file.index_, format::index_safetensors(head, file_bytes));
  DW_TRY(check_metadata(file.header()));
  DW_TRY(file.read_descriptor());
  return file;
}

Result<void> File::read_descriptor() {
  DW_TRY_ASSIGN(const Tensor* texts, require(kTexts, tensor::DType::u8, 1));
  DW_TRY_ASSIGN(descriptor_, frozen::read_descriptor(
                                 actor_json(header()),
                                 {.size_bytes = texts->shape[0],
                                  .read = [&](std::uint64_t offset_bytes, std::span<std::byte> to) {
                                    return read(*texts, offset_bytes, to);
                                  }}));
  if (descriptor_.segments != 1) {
    return fail(ErrorCode::unsupported, "The frozen actor has {} segments; this program reads 1.",
                descriptor_.segments);
  }
  return {};
}

const File::Tensor* File::find(std::string_view name) const {
  const auto found = header().tensors.find(name);
  return found == header().tensors.end() ? nullptr : &found->second;
}

Result<const File::Tensor*> File::require(std::string_view name, tensor::DType dtype,
                                          std::size_t rank) const {
  const Tensor* tensor = find(name);
  if (tensor == nullptr) {
    return fail(ErrorCode::corrupt, "The frozen actor has no tensor {}.", format::in_quotes(name));
  }
  if (tensor->dtype != dtype || tensor->shape.size() != rank) {
    return fail(ErrorCode::corrupt,
                "Tensor {} is {} of shape {}, but must be {} with {} dimensions.",
                format::in_quotes(name), tensor::safetensors_name(tensor->dtype),
                tensor::to_string(tensor->shape), tensor::safetensors_name(dtype), rank);
  }
  return tensor;
}

Result<void> File::read(const Tensor& tensor, std::uint64_t offset_bytes,
                        std::span<std::byte> to) const {
  return read_bytes(index_.data_begin + tensor.begin + offset_bytes, to);
}

Result<std::vector<std::byte>> File::read_all(const Tensor& tensor) const {
  std::vector<std::byte> bytes(tensor.end - tensor.begin);
  DW_TRY(read(tensor, 0, bytes));
  return bytes;
}

std::vector<std::string> checked_tensors(const format::SafetensorsHeader& header) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : header.tensors) {
    if (name != kChecksums && !name.starts_with("pad.")) names.push_back(name);
  }
  return names;
}

Result<void> File::verify_checksums(Checked checked) const {
  DW_TRY_ASSIGN(const Tensor* stored, require(kChecksums, tensor::DType::u64, 1));
  const std::vector<std::string> names = checked_tensors(header());
  if (stored->shape[0] != names.size() + 1) {
    return fail(ErrorCode::corrupt, "There are {} checksums for a description and {} tensors.",
                stored->shape[0], names.size());
  }
  std::vector<std::uint64_t> sums(names.size() + 1);
  DW_TRY(read(*stored, 0, std::as_writable_bytes(std::span(sums))));
  if (xxh3(std::as_bytes(std::span(actor_json(header())))) != sums[0]) {
    return fail(ErrorCode::corrupt, "The description of the actor does not have its checksum.");
  }
  std::vector<std::byte> piece;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Checked kind = is_bulk(names[i]) ? Checked::bulk : Checked::small;
    if (checked != Checked::all && checked != kind) continue;
    const Tensor& tensor = *find(names[i]);
    Checksum sum;
    for (std::uint64_t at = 0; at < tensor.end - tensor.begin; at += piece.size()) {
      piece.resize(std::min(kVerifyPieceBytes, tensor.end - tensor.begin - at));
      DW_TRY(read(tensor, at, piece));
      sum.add(piece);
    }
    if (sum.value() != sums[i + 1]) {
      return fail(ErrorCode::corrupt, "Tensor {} does not have its checksum.",
                  format::in_quotes(names[i]));
    }
  }
  return {};
}

Result<std::uint64_t> File::identity() const {
  DW_TRY_ASSIGN(const Tensor* stored, require(kChecksums, tensor::DType::u64, 1));
  DW_TRY_ASSIGN(const auto sums, read_all(*stored));
  return xxh3(sums);
}

}  // namespace driftwood::actor::frozen
