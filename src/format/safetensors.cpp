#include "format/safetensors.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/arithmetic.h"
#include "format/safetensors_header.h"

namespace driftwood::format {
namespace {

constexpr std::uint64_t kSizeBytes = 8;  // of the header's size in front of it

using Entry = std::pair<const std::string, SafetensorsHeader::Tensor>;

// A header without the spaces that fill it up. They may be most of it, and the parser takes them
// one by one.
std::string_view without_filling(std::string_view header) {
  static const std::string kSpaces(4096, ' ');
  for (const std::size_t size : {kSpaces.size(), std::size_t{64}}) {
    const auto spaces = std::string_view(kSpaces).substr(0, size);
    while (header.ends_with(spaces)) header.remove_suffix(size);
  }
  return header;
}

std::uint64_t little_endian(std::span<const std::byte, kSizeBytes> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kSizeBytes; ++i) {
    value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  }
  return value;
}

// That one tensor's bytes lie in the data and are as many as its shape says.
Result<void> check_extent(const Entry& entry, std::uint64_t data_bytes) {
  const auto& [name, tensor] = entry;
  const auto count = tensor::element_count(tensor.shape);
  const auto size_bytes =
      count ? checked_multiply<std::uint64_t>(*count, tensor::size_bytes(tensor.dtype))
            : std::nullopt;
  if (!size_bytes) {
    return fail(ErrorCode::corrupt,
                "The size of tensor {} with shape {} does not fit into 64 bits.", in_quotes(name),
                tensor::to_string(tensor.shape));
  }
  if (tensor.begin > tensor.end) {
    return fail(ErrorCode::corrupt, "Tensor {} ends ({}) before it begins ({}).", in_quotes(name),
                tensor.end, tensor.begin);
  }
  if (tensor.end > data_bytes) {
    return fail(ErrorCode::corrupt, "Tensor {} ends at byte {} of the data, which has {} bytes.",
                in_quotes(name), tensor.end, data_bytes);
  }
  if (tensor.end - tensor.begin != *size_bytes) {
    return fail(ErrorCode::corrupt, "Tensor {} has {} bytes, but {} of shape {} needs {}.",
                in_quotes(name), tensor.end - tensor.begin, tensor::safetensors_name(tensor.dtype),
                tensor::to_string(tensor.shape), *size_bytes);
  }
  return {};
}

// That the tensors cover the data from its first byte to its last, each byte once.
Result<void> check_cover(const SafetensorsHeader& header, std::uint64_t data_bytes) {
  std::vector<const Entry*> entries;
  entries.reserve(header.tensors.size());
  for (const Entry& entry : header.tensors) entries.push_back(&entry);
  std::ranges::sort(entries, {}, [](const Entry* entry) {
    return std::pair(entry->second.begin, entry->second.end);
  });

  std::uint64_t covered = 0;
  for (const Entry* entry : entries) {
    const auto& [name, tensor] = *entry;
    if (tensor.begin < covered) {
      return fail(ErrorCode::corrupt,
                  "Tensor {} begins at byte {} of the data, inside the one before it.",
                  in_quotes(name), tensor.begin);
    }
    if (tensor.begin > covered) {
      return fail(ErrorCode::corrupt,
                  "Bytes {} to {} of the data, before tensor {}, belong to no tensor.", covered,
                  tensor.begin, in_quotes(name));
    }
    covered = tensor.end;
  }
  if (covered != data_bytes) {
    return fail(ErrorCode::corrupt, "Bytes {} to {} at the end of the data belong to no tensor.",
                covered, data_bytes);
  }
  return {};
}

}  // namespace

Result<std::uint64_t> safetensors_head_bytes(std::span<const std::byte> first,
                                             std::uint64_t file_bytes) {
  if (first.size() < kSizeBytes) {
    return fail(ErrorCode::corrupt,
                "The file ({} bytes) is shorter than the size of a header ({} bytes).", file_bytes,
                kSizeBytes);
  }
  const std::uint64_t size_bytes = little_endian(first.first<kSizeBytes>());
  if (size_bytes > Safetensors::kMostHeaderBytes) {
    return fail(ErrorCode::corrupt, "The header's size ({} bytes) is over the limit ({} bytes).",
                size_bytes, Safetensors::kMostHeaderBytes);
  }
  if (size_bytes > file_bytes - kSizeBytes) {
    return fail(ErrorCode::corrupt,
                "The header ({} bytes) is longer than the rest of the file ({} bytes).", size_bytes,
                file_bytes - kSizeBytes);
  }
  return kSizeBytes + size_bytes;
}

Result<SafetensorsIndex> index_safetensors(std::span<const std::byte> head,
                                           std::uint64_t file_bytes) {
  DW_TRY_ASSIGN(const std::uint64_t head_bytes, safetensors_head_bytes(head, file_bytes));
  // Any object may be looked at as chars.
  const std::string_view text(reinterpret_cast<const char*>(head.data() + kSizeBytes),
                              head_bytes - kSizeBytes);
  DW_TRY_ASSIGN(SafetensorsHeader header, read_safetensors_header(without_filling(text)));
  const std::uint64_t data_bytes = file_bytes - head_bytes;
  for (const Entry& entry : header.tensors) DW_TRY(check_extent(entry, data_bytes));
  DW_TRY(check_cover(header, data_bytes));
  return SafetensorsIndex{std::move(header), text.size(), head_bytes};
}

Result<Safetensors> Safetensors::parse(std::span<const std::byte> bytes) {
  DW_TRY_ASSIGN(SafetensorsIndex index, index_safetensors(bytes, bytes.size()));
  const auto data = bytes.subspan(index.data_begin);
  Safetensors parsed;
  parsed.header_bytes_ = index.header_bytes;
  parsed.metadata_ = std::move(index.header.metadata);
  for (auto& [name, tensor] : index.header.tensors) {
    const auto view_bytes = data.subspan(tensor.begin, tensor.end - tensor.begin);
    parsed.tensors_.emplace(name, tensor::View{tensor.dtype, std::move(tensor.shape), view_bytes});
  }
  return parsed;
}

const tensor::View* Safetensors::find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

}  // namespace driftwood::format
