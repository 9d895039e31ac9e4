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
  // By number; the first is 1.
  static constexpr std::string_view kNames[] = {
      "epsilon",  "pairing",   "scale",    "stride_x",   "stride_y",
      "pad_left", "pad_right", "pad_top",  "pad_bottom", "padding_mode",
      "pooling",  "window_x",  "window_y", "function",   "begin"};
  const auto number = static_cast<std::uint32_t>(id);
  if (number >= 1 && number <= std::size(kNames)) return std::string(kNames[number - 1]);
  return fmt::format("number {}", number);
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

Result<std::int64_t> integer_within(const Attributes& attributes, AttributeId id,
                                    std::int64_t least, std::int64_t most) {
  DW_TRY_ASSIGN(const std::int64_t value, attributes.integer(id));
  if (value >= least && value <= most) return value;
  return fail(ErrorCode::invalid_argument, "Attribute {} ({}) is not within {} and {}.",
              attribute_name(id), value, least, most);
}

Result<double> epsilon_of(const Attributes& attributes) {
  DW_TRY_ASSIGN(const double epsilon, attributes.number(AttributeId::epsilon));
  if (epsilon >= 0 && epsilon <= 1) return epsilon;
  return fail(ErrorCode::invalid_argument, "Attribute epsilon ({}) is not within 0 and 1.",
              epsilon);
}

}  // namespace driftwood::ops
