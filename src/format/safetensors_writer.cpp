#include "format/safetensors_writer.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/arithmetic.h"
#include "core/check.h"
#include "format/safetensors.h"
#include "format/safetensors_header.h"

namespace driftwood::format {
namespace {

constexpr std::uint64_t kSizeBytes = 8;   // of the header's size in front of it
constexpr std::uint64_t kHeaderStep = 8;  // as the reference implementation pads its headers
constexpr std::array<std::byte, SafetensorsWriter::kAlignmentBytes> kZeros = {};

Result<void> check_size(const std::string& name, tensor::DType dtype, const tensor::Shape& shape,
                        std::uint64_t given_bytes) {
  if (shape.size() > SafetensorsHeader::kMostDims) {
    return fail(ErrorCode::limit, "Tensor {} has {} dimensions, more than the limit ({}).",
                in_quotes(name), shape.size(), SafetensorsHeader::kMostDims);
  }
  const auto count = tensor::element_count(shape);
  const auto needed_bytes =
      count ? checked_multiply<std::uint64_t>(*count, tensor::size_bytes(dtype)) : std::nullopt;
  if (!needed_bytes) {
    return fail(ErrorCode::invalid_argument,
                "The size of tensor {} with shape {} does not fit into 64 bits.", in_quotes(name),
                tensor::to_string(shape));
  }
  if (*needed_bytes != given_bytes) {
    return fail(ErrorCode::invalid_argument,
                "Tensor {} is given {} bytes, but {} of shape {} needs {}.", in_quotes(name),
                given_bytes, tensor::safetensors_name(dtype), tensor::to_string(shape),
                *needed_bytes);
  }
  return {};
}

// Size, text and spaces, together a multiple of `step`.
std::vector<std::byte> with_size(const std::string& text, std::uint64_t step) {
  const std::uint64_t whole = round_up(kSizeBytes + text.size(), step);
  std::vector<std::byte> bytes(whole, std::byte{' '});
  for (std::size_t i = 0; i < kSizeBytes; ++i) {
    bytes[i] = static_cast<std::byte>((whole - kSizeBytes) >> (8 * i));
  }
  std::ranges::copy(std::as_bytes(std::span(text)), bytes.begin() + kSizeBytes);
  return bytes;
}

}  // namespace

void SafetensorsFile::copy_to(std::span<std::byte> whole) const {
  DW_CHECK(whole.size() == size_bytes_);
  auto place = whole.begin();
  for (const Bytes part : parts_) place = std::ranges::copy(part, place).out;
}

void SafetensorsWriter::set_metadata(std::string key, std::string text) {
  metadata_.insert_or_assign(std::move(key), std::move(text));
}

Result<void> SafetensorsWriter::check_name(const std::string& name) const {
  if (name == "__metadata__" || name.starts_with("pad.")) {
    return fail(ErrorCode::invalid_argument, "No tensor may be called {}.", in_quotes(name));
  }
  if (tensors_.contains(name)) {
    return fail(ErrorCode::invalid_argument, "Tensor {} is there already.", in_quotes(name));
  }
  // One more for the padding before it.
  if (tensors_.size() + 2 > SafetensorsHeader::kMostTensors) {
    return fail(ErrorCode::limit, "Tensor {} is one more than the limit ({}, padding included).",
                in_quotes(name), SafetensorsHeader::kMostTensors);
  }
  return {};
}

void SafetensorsWriter::pad_to(std::uint64_t alignment_bytes) {
  const std::uint64_t size_bytes = round_up(data_bytes_, alignment_bytes) - data_bytes_;
  if (size_bytes == 0) return;
  const Tensor pad = {tensor::DType::u8, {size_bytes}, data_bytes_, data_bytes_ + size_bytes};
  tensors_.emplace(fmt::format("pad.{}", pad_count_++), pad);
  parts_.push_back(std::span(kZeros).first(size_bytes));
  data_bytes_ = pad.end;
}

Result<void> SafetensorsWriter::add(std::string name, tensor::DType dtype, tensor::Shape shape,
                                    std::span<const Bytes> parts, Alignment alignment) {
  DW_TRY(check_name(name));
  std::uint64_t given_bytes = 0;
  for (const Bytes part : parts) given_bytes += part.size();
  DW_TRY(check_size(name, dtype, shape, given_bytes));
  if (given_bytes > 0) {
    const bool mappable = alignment == Alignment::mappable;
    pad_to(mappable ? kAlignmentBytes : tensor::size_bytes(dtype));
    is_mappable_ = is_mappable_ || mappable;
  }
  const std::uint64_t begin = data_bytes_;
  for (const Bytes part : parts) {
    if (part.empty()) continue;
    parts_.push_back(part);
    data_bytes_ += part.size();
  }
  tensors_.emplace(std::move(name), Tensor{dtype, std::move(shape), begin, data_bytes_});
  return {};
}

Result<void> SafetensorsWriter::add(std::string name, tensor::DType dtype, tensor::Shape shape,
                                    Bytes bytes, Alignment alignment) {
  return add(std::move(name), dtype, std::move(shape), std::span(&bytes, 1), alignment);
}

Result<std::vector<std::byte>> SafetensorsWriter::header() const {
  auto tree = nlohmann::json::object();
  if (!metadata_.empty()) tree["__metadata__"] = metadata_;
  for (const auto& [name, tensor] : tensors_) {
    tree[name] = {{"dtype", tensor::safetensors_name(tensor.dtype)},
                  {"shape", tensor.shape},
                  {"data_offsets", {tensor.begin, tensor.end}}};
  }
  std::string text;
  try {
    text = tree.dump();
  } catch (const nlohmann::json::type_error&) {
    return fail(ErrorCode::invalid_argument, "A tensor's name or the metadata is not UTF-8.");
  }
  auto bytes = with_size(text, is_mappable_ ? kAlignmentBytes : kHeaderStep);
  if (bytes.size() - kSizeBytes > Safetensors::kMostHeaderBytes) {
    return fail(ErrorCode::limit, "The header's size ({} bytes) is over the limit ({} bytes).",
                bytes.size() - kSizeBytes, Safetensors::kMostHeaderBytes);
  }
  return bytes;
}

Result<SafetensorsFile> SafetensorsWriter::finish() && {
  SafetensorsFile file;
  DW_TRY_ASSIGN(file.header_, header());
  file.size_bytes_ = file.header_.size() + data_bytes_;
  file.parts_ = std::move(parts_);
  file.parts_.insert(file.parts_.begin(), file.header_);
  return file;
}

}  // namespace driftwood::format
