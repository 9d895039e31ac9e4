// What an op is, independent of any device: its name, the rule that its operands must keep, and a
// plain reference that computes it in the most obvious way. Devices are tested against the
// reference.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "core/error.h"
#include "tensor/shape.h"
#include "tensor/view.h"

namespace driftwood::ops {

enum class OpNumber : std::uint32_t;

// Where a tensor of a program lives.
enum class Place : std::uint32_t {
  temporary = 0,       // exists during one run
  window = 1,          // in a share window of the guest, bound by slot
  weight = 2,          // a tensor of the checkpoint, found by name
  state = 3,           // one plane of an append state, bound by slot; shape [heads, dim]
  register_state = 4,  // a value of fixed shape that stays from run to run, bound by slot
};

// Planes of a register: the value that a run begins with, and the one that it leaves.
inline constexpr std::uint32_t kRegisterBefore = 0, kRegisterAfter = 1;

// What a rule may know of an operand.
struct Operand {
  tensor::DType dtype;
  tensor::SymbolicShape shape;
  Place place;
  std::uint32_t slot = 0;   // of the window, state or register; otherwise 0
  std::uint32_t plane = 0;  // of the state or register; otherwise 0
};

// Attribute ids. Part of the program encoding, never reused.
enum class AttributeId : std::uint32_t {
  epsilon = 1,   // number
  pairing = 2,   // integer: a RopePairing
  scale = 3,     // number
  stride_x = 4,  // integers from here on
  stride_y = 5,
  pad_left = 6,
  pad_right = 7,
  pad_top = 8,
  pad_bottom = 9,
  padding_mode = 10,  // a PaddingMode
  pooling = 11,       // a Pooling
  window_x = 12,
  window_y = 13,
  function = 14,  // a Function
  begin = 15,
};

struct Attribute {
  AttributeId id;
  std::variant<std::int64_t, double> value;
  bool operator==(const Attribute&) const = default;
};

class Attributes {
 public:
  Attributes() = default;
  explicit Attributes(std::vector<Attribute> items) : items_(std::move(items)) {}

  // The attribute's value. Errors: invalid_argument when it is missing or of the other kind.
  Result<double> number(AttributeId id) const;
  Result<std::int64_t> integer(AttributeId id) const;

  const std::vector<Attribute>& items() const { return items_; }

  bool operator==(const Attributes&) const = default;

 private:
  std::vector<Attribute> items_;
};

// The rows of one plane of an append state, as a reference sees them: dense.
struct PlaneView {
  tensor::DType dtype;
  std::uint64_t heads, dim;
  std::span<std::byte> bytes;  // [rows, heads, dim]; rows cover the live ones and those of this run
};

// Everything a reference needs for one sequence. Inputs and outputs are in the op's order; a state
// operand has an empty view there and its plane in `planes`, in the order of the operands.
struct ReferenceCall {
  std::vector<tensor::View> inputs;
  std::vector<tensor::MutableView> outputs;
  std::vector<PlaneView> planes;
  Attributes attributes;
  std::uint64_t past_rows = 0;  // live rows of the state before this run
};

struct OpDefinition {
  OpNumber number;
  std::string_view name;
  // Whether these operands and attributes are what the op takes and gives. Errors: invalid_argument
  // with the operand, the value and what was expected.
  Result<void> (*check)(std::span<const Operand> inputs, std::span<const Operand> outputs,
                        const Attributes& attributes);
  // Computes the op for one sequence whose operands passed `check`.
  // Errors: invalid_argument for an index that is out of range.
  Result<void> (*reference)(const ReferenceCall& call);
};

}  // namespace driftwood::ops
