#include "vad/wav.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace driftwood::guests::vad {
namespace {

using sdk::fail;
using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t kRiffHeaderBytes = 12, kChunkHeaderBytes = 8, kFormatBytes = 16;
constexpr std::uint32_t kPcm = 1;

std::uint32_t u16(Bytes bytes, std::size_t at) {
  return bytes[at] | std::uint32_t{bytes[at + 1]} << 8;
}
std::uint32_t u32(Bytes bytes, std::size_t at) {
  return u16(bytes, at) | u16(bytes, at + 2) << 16;
}
bool is_tag(Bytes bytes, std::size_t at, std::string_view tag) {
  return std::string_view(reinterpret_cast<const char*>(bytes.data()) + at, tag.size()) == tag;
}

sdk::Result<void> check_format(Bytes format) {
  if (format.size() < kFormatBytes) {
    return fail(DW_E_CORRUPT, "The WAV file's format chunk has " + std::to_string(format.size()) +
                                  " bytes; at least 16 are expected.");
  }
  const auto expect = [](const char* what, std::uint32_t value, std::uint32_t expected) {
    if (value == expected) return sdk::Result<void>();
    return sdk::Result<void>(
        fail(DW_E_UNSUPPORTED, "The WAV file has " + std::to_string(value) + " " + what + "; " +
                                   std::to_string(expected) + " is expected."));
  };
  if (const std::uint32_t encoding = u16(format, 0); encoding != kPcm) {
    return fail(DW_E_UNSUPPORTED, "The WAV file is encoded by method " + std::to_string(encoding) +
                                      "; 1 (PCM) is expected.");
  }
  if (auto right = expect("channels", u16(format, 2), 1); !right) return right;
  if (auto right = expect("samples a second", u32(format, 4), kSampleRate); !right) return right;
  return expect("bits a sample", u16(format, 14), 16);
}

}  // namespace

sdk::Result<Samples> parse_wav(Bytes file) {
  if (file.size() < kRiffHeaderBytes || !is_tag(file, 0, "RIFF") || !is_tag(file, 8, "WAVE")) {
    return fail(DW_E_CORRUPT,
                "The message is not a WAV file: it does not begin with RIFF ... WAVE.");
  }
  bool has_format = false;
  Bytes rest = file.subspan(kRiffHeaderBytes);
  while (rest.size() >= kChunkHeaderBytes) {
    const std::uint32_t size = u32(rest, 4);
    const Bytes body = rest.subspan(kChunkHeaderBytes);
    if (size > body.size()) {
      return fail(DW_E_CORRUPT, "A chunk of the WAV file has " + std::to_string(size) + " bytes; " +
                                    std::to_string(body.size()) + " are left.");
    }
    const Bytes chunk = body.first(size);
    if (is_tag(rest, 0, "fmt ")) {
      if (auto right = check_format(chunk); !right) return std::unexpected(right.error());
      has_format = true;
    } else if (is_tag(rest, 0, "data")) {
      if (!has_format) return fail(DW_E_CORRUPT, "The WAV file has samples before their format.");
      if (size % 2 != 0) {
        return fail(DW_E_CORRUPT, "The WAV file's samples have " + std::to_string(size) +
                                      " bytes, not a multiple of 2.");
      }
      return Samples(chunk);
    }
    // Chunks begin on even offsets.
    rest = body.subspan(std::min(body.size(), std::size_t{size} + size % 2));
  }
  return fail(DW_E_CORRUPT, "The WAV file ends before its samples.");
}

}  // namespace driftwood::guests::vad
