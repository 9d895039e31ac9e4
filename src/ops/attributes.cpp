#include "ops/attributes.h"

#include <algorithm>

namespace driftwood::ops {
namespace {

const Attribute* find(const std::vector<Attribute>& items, AttributeId id) {
  const auto found =
      std::ranges::find_if(items, [id](const Attribute& item) { return item.id == id; });
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

std::string attribute_name(AttributeId id) {
  switch (id) {
    case AttributeId::epsilon:
      return "epsilon";
    case AttributeId::pairing:
      return "pairing";
    case AttributeId::scale:
      return "scale";
  }
  return fmt::format("number {}", static_cast<std::uint32_t>(id));
}

Result<double> Attributes::number(AttributeId id) const {
  const Attribute* item = find(items_, id);
  if (!item) {
    return fail(ErrorCode::invalid_argument, "Attribute {} is missing.", attribute_name(id));
  }
  const double* value = std::get_if<double>(&item->value);
  if (!value) {
    return fail(ErrorCode::invalid_argument, "Attribute {} is an integer; a number is expected.",
                attribute_name(id));
  }
  return *value;
}

Result<std::int64_t> Attributes::integer(AttributeId id) const {
  const Attribute* item = find(items_, id);
  if (!item) {
    return fail(ErrorCode::invalid_argument, "Attribute {} is missing.", attribute_name(id));
  }
  const std::int64_t* value = std::get_if<std::int64_t>(&item->value);
  if (!value) {
    return fail(ErrorCode::invalid_argument, "Attribute {} is a number; an integer is expected.",
                attribute_name(id));
  }
  return *value;
}

Result<void> expect_attributes(const Attributes& attributes, std::span<const AttributeId> taken) {
  const std::vector<Attribute>& items = attributes.items();
  for (std::size_t i = 0; i < items.size(); ++i) {
    const AttributeId id = items[i].id;
    if (std::ranges::find(taken, id) == taken.end()) {
      return fail(ErrorCode::invalid_argument, "Attribute {} is not one that this op takes.",
                  attribute_name(id));
    }
    if (find(items, id) != &items[i]) {
      return fail(ErrorCode::invalid_argument, "Attribute {} is given twice.", attribute_name(id));
    }
  }
  return {};
}

}  // namespace driftwood::ops
