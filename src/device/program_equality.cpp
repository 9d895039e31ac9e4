#include "device/program_equality.h"

#include <algorithm>

namespace driftwood::device {
namespace {

bool equal_tensors(const graph::Tensor& a, const graph::Tensor& b) {
  return a.dtype == b.dtype && a.shape == b.shape && a.place == b.place && a.slot == b.slot &&
         a.plane == b.plane && a.weight_name == b.weight_name;
}

bool equal_attributes(const ops::Attribute& a, const ops::Attribute& b) {
  return a.id == b.id && a.value == b.value;
}

bool equal_ops(const graph::Op& a, const graph::Op& b) {
  return a.definition == b.definition && a.inputs == b.inputs && a.outputs == b.outputs &&
         std::ranges::equal(a.attributes.items(), b.attributes.items(), equal_attributes);
}

}  // namespace

bool equal(const graph::Program& a, const graph::Program& b) {
  // Slots and row symbols follow from the tensors and ops.
  return a.hash == b.hash && a.symbol_maxima == b.symbol_maxima &&
         std::ranges::equal(a.tensors, b.tensors, equal_tensors) &&
         std::ranges::equal(a.ops, b.ops, equal_ops);
}

}  // namespace driftwood::device
