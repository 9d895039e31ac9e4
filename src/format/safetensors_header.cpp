#include "format/safetensors_header.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace driftwood::format {
namespace {

// In the format, but without a dtype here.
constexpr std::array<std::string_view, 7> kUnsupportedDTypes = {
    "F4", "F6_E2M3", "F6_E3M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "C64"};

// Takes the parser's events one by one. `false` ends the parse; error_ then says why.
class HeaderReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  Result<SafetensorsHeader> finish(bool complete) {
    if (!complete) return std::unexpected(std::move(*error_));
    return std::move(header_);
  }

  bool null() override { return wrong_value("null"); }
  bool boolean(bool value) override { return wrong_value(value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override {
    return wrong_value(std::to_string(value));
  }
  bool number_float(number_float_t, const string_t& text) override {
    return wrong_value(text.substr(0, 40));
  }
  bool binary(binary_t&) override { return wrong_value("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    switch (next_) {
      case Next::dim:
        if (tensor_.shape.size() == SafetensorsHeader::kMostDims) {
          return refuse(ErrorCode::limit, "Tensor {} has more dimensions than the limit ({}).",
                        in_quotes(tensor_name_), SafetensorsHeader::kMostDims);
        }
        tensor_.shape.push_back(value);
        return true;
      case Next::offset:
        if (offset_count_ == 2) return wrong_offset_count("more");
        (offset_count_++ == 0 ? tensor_.begin : tensor_.end) = value;
        return true;
      default:
        return wrong_value(std::to_string(value));
    }
  }

  bool string(string_t& value) override {
    if (next_ == Next::metadata_text) {
      header_.metadata.emplace(key_, std::move(value));
      return true;
    }
    if (next_ != Next::dtype) return wrong_value("a string");
    if (const auto dtype = tensor::dtype_from_safetensors_name(value)) {
      tensor_.dtype = *dtype;
      return true;
    }
    if (std::ranges::count(kUnsupportedDTypes, value) != 0) {
      return refuse(ErrorCode::unsupported, "Tensor {} has the dtype {}, which is not supported.",
                    in_quotes(tensor_name_), value);
    }
    return refuse(ErrorCode::corrupt, "Tensor {} has the dtype {}, which the format does not have.",
                  in_quotes(tensor_name_), in_quotes(value));
  }

  bool start_object(std::size_t) override {
    switch (next_) {
      case Next::header:
        level_ = Level::header;
        return true;
      case Next::metadata:
        level_ = Level::metadata;
        return true;
      case Next::tensor:
        level_ = Level::tensor;
        tensor_ = {};
        has_dtype_ = has_shape_ = has_offsets_ = false;
        return true;
      default:
        return wrong_value("an object");
    }
  }

  bool key(string_t& name) override {
    key_ = name;
    switch (level_) {
      case Level::header:
        return header_key();
      case Level::metadata:
        return metadata_key();
      default:
        return tensor_key();
    }
  }

  bool end_object() override {
    if (level_ == Level::tensor) {
      if (!has_dtype_ || !has_shape_ || !has_offsets_) {
        return refuse(ErrorCode::corrupt, "Tensor {} has no key \"{}\".", in_quotes(tensor_name_),
                      !has_dtype_   ? "dtype"
                      : !has_shape_ ? "shape"
                                    : "data_offsets");
      }
      header_.tensors.emplace(std::move(tensor_name_), std::move(tensor_));
    }
    level_ = Level::header;
    return true;
  }

  bool start_array(std::size_t) override {
    if (next_ == Next::shape) {
      next_ = Next::dim;
    } else if (next_ == Next::offsets) {
      next_ = Next::offset;
      offset_count_ = 0;
    } else {
      return wrong_value("an array");
    }
    return true;
  }

  bool end_array() override {
    return next_ == Next::offset && offset_count_ < 2 ? wrong_offset_count("fewer") : true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    return refuse(ErrorCode::corrupt,
                  "The header is not JSON in UTF-8: it breaks off at its byte {}.", position);
  }

 private:
  enum class Level { header, metadata, tensor };
  // What the next value has to be.
  enum class Next { header, metadata, metadata_text, tensor, dtype, shape, dim, offsets, offset };

  bool header_key() {
    if (key_ == "__metadata__") {
      next_ = Next::metadata;
      return std::exchange(has_metadata_, true) ? duplicate_key() : true;
    }
    next_ = Next::tensor;
    tensor_name_ = key_;
    if (header_.tensors.size() == SafetensorsHeader::kMostTensors) {
      return refuse(ErrorCode::limit, "The file has more tensors than the limit ({}).",
                    SafetensorsHeader::kMostTensors);
    }
    return header_.tensors.contains(key_) ? duplicate_key() : true;
  }

  bool metadata_key() {
    next_ = Next::metadata_text;
    if (header_.metadata.size() == SafetensorsHeader::kMostMetadata) {
      return refuse(ErrorCode::limit, "The metadata has more entries than the limit ({}).",
                    SafetensorsHeader::kMostMetadata);
    }
    return header_.metadata.contains(key_) ? duplicate_key() : true;
  }

  bool tensor_key() {
    bool* seen = nullptr;
    if (key_ == "dtype") {
      next_ = Next::dtype;
      seen = &has_dtype_;
    } else if (key_ == "shape") {
      next_ = Next::shape;
      seen = &has_shape_;
    } else if (key_ == "data_offsets") {
      next_ = Next::offsets;
      seen = &has_offsets_;
    } else {
      return refuse(ErrorCode::corrupt, "Tensor {} has an unknown key {}.", in_quotes(tensor_name_),
                    in_quotes(key_));
    }
    return std::exchange(*seen, true) ? duplicate_key() : true;
  }

  // Where the reader is, to open a sentence with.
  std::string subject() const {
    switch (next_) {
      case Next::header:
        return "The header";
      case Next::metadata:
        return "The metadata";
      case Next::metadata_text:
        return fmt::format("Metadata key {}", in_quotes(key_));
      case Next::tensor:
        return fmt::format("Tensor {}", in_quotes(tensor_name_));
      default:
        return fmt::format("Key {} of tensor {}", in_quotes(key_), in_quotes(tensor_name_));
    }
  }

  std::string_view needed() const {
    switch (next_) {
      case Next::header:
      case Next::metadata:
      case Next::tensor:
        return "an object";
      case Next::metadata_text:
      case Next::dtype:
        return "a string";
      case Next::shape:
      case Next::offsets:
        return "an array";
      default:
        return "integers from 0 to 2^64 - 1";
    }
  }

  bool wrong_value(std::string_view found) {
    return refuse(ErrorCode::corrupt, "{} needs {}, not {}.", subject(), needed(), found);
  }

  bool duplicate_key() { return refuse(ErrorCode::corrupt, "{} is there twice.", subject()); }

  bool wrong_offset_count(std::string_view how) {
    return refuse(ErrorCode::corrupt, "{} has {} than 2 numbers.", subject(), how);
  }

  template <typename... Args>
  bool refuse(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
    error_.emplace(code, fmt::format(format, std::forward<Args>(args)...));
    return false;
  }

  SafetensorsHeader header_;
  std::optional<Error> error_;
  Level level_ = Level::header;
  Next next_ = Next::header;
  std::string key_;
  bool has_metadata_ = false;

  // The tensor being read.
  std::string tensor_name_;
  SafetensorsHeader::Tensor tensor_ = {};
  std::size_t offset_count_ = 0;
  bool has_dtype_ = false;
  bool has_shape_ = false;
  bool has_offsets_ = false;
};

}  // namespace

Result<SafetensorsHeader> read_safetensors_header(std::string_view json) {
  if (!json.starts_with('{')) {
    return fail(ErrorCode::corrupt, "The header does not begin with '{{'.");
  }
  // The parser would take a zero byte as the end of its input and overlook what follows.
  if (const std::size_t zero = json.find('\0'); zero != std::string_view::npos) {
    return fail(ErrorCode::corrupt, "The header has a zero byte at its byte {}.", zero);
  }
  HeaderReader reader;
  const bool complete = nlohmann::json::sax_parse(json.begin(), json.end(), &reader);
  return reader.finish(complete);
}

std::string in_quotes(std::string_view name) {
  constexpr std::size_t kMostBytes = 100;
  const bool cut = name.size() > kMostBytes;
  std::size_t size = std::min(name.size(), kMostBytes);
  // Not inside a character: back to its first byte.
  while (cut && size > 0 && (static_cast<unsigned char>(name[size]) & 0xc0) == 0x80) --size;
  std::string text(name.substr(0, size));
  std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return fmt::format("\"{}{}\"", text, cut ? "..." : "");
}

}  // namespace driftwood::format
