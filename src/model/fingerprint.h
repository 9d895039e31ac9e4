// What tells one model from another: SHA-256 digests, in hexadecimal.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "core/error.h"
#include "device/device.h"

namespace driftwood::model {

struct Fingerprint {
  std::string config;     // as digest_of_settings()
  std::string weights;    // as digest_of(weights)
  std::string tokenizer;  // of tokenizer.json's bytes; empty for a model that has none

  bool operator==(const Fingerprint&) const = default;
};

std::string hexadecimal(std::span<const std::byte> bytes);

// SHA-256 of the bytes, in hexadecimal.
std::string digest_of(std::span<const std::byte> bytes);

// SHA-256 of config.json's bytes and, where generation_config.json is not "{}", a zero byte and its
// bytes: guests read both.
std::string digest_of_settings(const std::string& config_json,
                               const std::string& generation_config_json);

// SHA-256 of what follows, for each weight by ascending name: the name and a zero byte; u64 rank
// and the dimensions; the dtype as safetensors spells it and a zero byte; then its bytes, all of
// them up to kWholeBytes, otherwise kPieces pieces of kPieceBytes, piece i from i * floor((size -
// kPieceBytes) / (kPieces - 1)). Numbers are u64, little-endian. It tells models apart that
// training or merging made different; it is no proof against one that was made to match.
inline constexpr std::size_t kWholeBytes = 64 * 1024, kPieces = 16, kPieceBytes = 1024;
std::string digest_of(const device::WeightSource& weights);

}  // namespace driftwood::model
