// The file of a frozen actor taken apart, so that any part of it can be changed and the whole be
// put together again: with sizes, offsets and checksums that fit, so that a change reaches the code
// that has to refuse it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace driftwood::test {

struct FrozenParts {
  struct Tensor {
    std::string name;
    std::string dtype;     // as safetensors spells it
    nlohmann::json shape;  // a list, unless it was changed to something else
    std::vector<std::byte> bytes;
    std::optional<nlohmann::json> offsets = {};  // what the header says instead of the truth
  };

  // Precondition: the file is one that Frozen made.
  explicit FrozenParts(std::span<const std::byte> file);

  // The file. Checksums are right.
  std::vector<std::byte> file() const;

  // The tensor of this name, which is there.
  Tensor& tensor(std::string_view name);

  nlohmann::json actor;     // the description
  nlohmann::json metadata;  // all but the description
  std::vector<Tensor> tensors;
};

// Where a mutation's choices come from.
class Choices {
 public:
  virtual ~Choices() = default;
  // Any number from 0 to count - 1. Precondition: count > 0.
  virtual std::uint64_t below(std::uint64_t count) = 0;
};

// Changes one thing in the description, in a tensor or in the header. Returns what, for a report.
std::string mutate(FrozenParts& parts, Choices& choices);

}  // namespace driftwood::test
