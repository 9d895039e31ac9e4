// The same for C++.
#pragma once

#include <driftwood_crates.h>

#include <cstddef>
#include <span>
#include <string>

namespace driftwood {

// Bytes from the Rust library, given back at the end of the scope.
class RustBytes {
 public:
  RustBytes() = default;
  ~RustBytes() { dw_bytes_free(bytes_); }
  RustBytes(const RustBytes&) = delete;
  RustBytes& operator=(const RustBytes&) = delete;

  dw_bytes* out() { return &bytes_; }
  std::span<const std::byte> span() const {
    return std::as_bytes(std::span(bytes_.data, bytes_.size));
  }
  std::string text() const { return std::string(bytes_.data, bytes_.data + bytes_.size); }

 private:
  dw_bytes bytes_ = {};
};

}  // namespace driftwood
