#include "format/safetensors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

namespace driftwood::format {
namespace {

// A file in a heap block of exactly its size, so that a sanitizer sees every byte read past the
// end.
class ExactBytes {
 public:
  explicit ExactBytes(std::string_view text)
      : data_(std::make_unique<std::byte[]>(text.size())), size_bytes_(text.size()) {
    std::ranges::copy(std::as_bytes(std::span(text)), data_.get());
  }
  std::span<const std::byte> span() const { return {data_.get(), size_bytes_}; }

 private:
  std::unique_ptr<std::byte[]> data_;
  std::size_t size_bytes_;
};

std::string size_prefix(std::uint64_t size) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(size >> (8 * i) & 0xff);
  return bytes;
}

std::string file_of(const std::string& header, std::size_t data_bytes) {
  return size_prefix(header.size()) + header + std::string(data_bytes, '\x01');
}

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  std::uint64_t begin, std::uint64_t end) {
  return '"' + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":[)" +
         std::to_string(begin) + "," + std::to_string(end) + "]}";
}

// The message of a file that must be refused as corrupt.
std::string refusal(std::string_view file) {
  const ExactBytes bytes(file);
  const auto parsed = Safetensors::parse(bytes.span());
  if (parsed) return "accepted";
  EXPECT_EQ(parsed.error().code(), ErrorCode::corrupt);
  return parsed.error().message();
}

std::string refusal(const std::string& header, std::size_t data_bytes) {
  return refusal(file_of(header, data_bytes));
}

TEST(Safetensors, gives_views_into_the_file_itself) {
  const std::string header = "{" + entry("b", "U8", "[3]", 8, 11) + "," +
                             entry("a", "F32", "[1,2]", 0, 8) + R"(,"__metadata__":{"k":"v"}})";
  const ExactBytes bytes(file_of(header, 11));
  const auto parsed = Safetensors::parse(bytes.span());
  ASSERT_TRUE(parsed) << parsed.error().message();

  EXPECT_EQ(parsed->header_bytes(), header.size());
  EXPECT_EQ(parsed->metadata(), (std::map<std::string, std::string>{{"k", "v"}}));
  ASSERT_EQ(parsed->tensors().size(), 2u);
  const tensor::View* a = parsed->find("a");
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->dtype, tensor::DType::f32);
  EXPECT_EQ(a->shape, (tensor::Shape{1, 2}));
  EXPECT_EQ(a->bytes.data(), bytes.span().data() + 8 + header.size());
  EXPECT_EQ(a->bytes.size(), 8u);
  EXPECT_EQ(parsed->find("b")->bytes.data(), a->bytes.data() + 8);
  EXPECT_EQ(parsed->find("c"), nullptr);
}

TEST(Safetensors, accepts_a_file_without_tensors) {
  EXPECT_EQ(refusal("{}", 0), "accepted");
  EXPECT_EQ(refusal("{}\r \t\n", 0), "accepted");
}

TEST(Safetensors, accepts_scalars_and_tensors_without_elements_anywhere) {
  const std::string header =
      "{" + entry("end", "I64", "[0]", 12, 12) + "," + entry("scalar", "I32", "[]", 0, 4) + "," +
      entry("begin", "F64", "[2,0]", 0, 0) + "," + entry("middle", "U8", "[0,0]", 4, 4) + "," +
      entry("last", "F16", "[4]", 4, 12) + "}";
  const ExactBytes bytes(file_of(header, 12));
  const auto parsed = Safetensors::parse(bytes.span());
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(parsed->find("scalar")->bytes.size(), 4u);
  EXPECT_TRUE(parsed->find("middle")->bytes.empty());
}

TEST(Safetensors, refuses_every_truncation) {
  const std::string whole = file_of("{" + entry("w", "F32", "[2]", 0, 8) + "}  ", 8);
  ASSERT_EQ(refusal(whole), "accepted");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(refusal(std::string_view(whole).substr(0, size)), "accepted") << size;
  }
}

TEST(Safetensors, survives_every_changed_byte) {
  const std::string whole =
      file_of("{" + entry("w", "F32", "[2]", 0, 8) + R"(,"__metadata__":{"k":"v"}})", 8);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const char wrong : {'\0', '"', '{', ']', '9', '\xff'}) {
      std::string changed = whole;
      changed[i] = wrong;
      const ExactBytes bytes(changed);
      const auto parsed = Safetensors::parse(bytes.span());
      if (!parsed) continue;
      EXPECT_EQ(parsed->tensors().begin()->second.bytes.size(), 8u);
    }
  }
}

TEST(Safetensors, refuses_a_header_size_that_cannot_be) {
  EXPECT_EQ(refusal(""), "The file (0 bytes) is shorter than the size of a header (8 bytes).");
  EXPECT_EQ(refusal("1234567"),
            "The file (7 bytes) is shorter than the size of a header (8 bytes).");
  EXPECT_EQ(refusal(size_prefix(0)), "The header does not begin with '{'.");
  EXPECT_EQ(refusal(size_prefix(3) + "{}"),
            "The header (3 bytes) is longer than the rest of the file (2 bytes).");
  EXPECT_EQ(refusal(size_prefix(100'000'001) + "{}"),
            "The header's size (100000001 bytes) is over the limit (100000000 bytes).");
  EXPECT_EQ(refusal(size_prefix(~0ull) + "{}"),
            "The header's size (18446744073709551615 bytes) is over the limit (100000000 bytes).");
}

TEST(Safetensors, says_what_is_wrong_inside_the_header) {
  EXPECT_EQ(refusal("{]", 0), "The header is not JSON in UTF-8: it breaks off at its byte 2.");
}

TEST(Safetensors, refuses_a_shape_whose_size_overflows) {
  EXPECT_EQ(
      refusal("{" + entry("w", "U8", "[2,18446744073709551614]", 0, 16) + "}", 16),
      "The size of tensor \"w\" with shape [2, 18446744073709551614] does not fit into 64 bits.");
  EXPECT_EQ(refusal("{" + entry("w", "F32", "[4611686018427387904]", 0, 0) + "}", 0),
            "The size of tensor \"w\" with shape [4611686018427387904] does not fit into 64 bits.");
}

TEST(Safetensors, refuses_offsets_that_run_backwards) {
  EXPECT_EQ(refusal("{" + entry("w", "U8", "[4]", 8, 4) + "}", 8),
            "Tensor \"w\" ends (4) before it begins (8).");
  EXPECT_EQ(refusal("{" + entry("w", "U8", "[4]", 18446744073709551615u, 3) + "}", 8),
            "Tensor \"w\" ends (3) before it begins (18446744073709551615).");
}

TEST(Safetensors, refuses_a_tensor_outside_the_file) {
  EXPECT_EQ(refusal("{" + entry("w", "U8", "[5]", 0, 5) + "}", 4),
            "Tensor \"w\" ends at byte 5 of the data, which has 4 bytes.");
  const std::uint64_t far = 18446744073709551615u;
  EXPECT_EQ(refusal("{" + entry("w", "U8", "[5]", far - 5, far) + "}", 4),
            "Tensor \"w\" ends at byte 18446744073709551615 of the data, which has 4 bytes.");
}

TEST(Safetensors, refuses_a_size_that_differs_from_the_shape) {
  EXPECT_EQ(refusal("{" + entry("w", "F32", "[2,3]", 0, 20) + "}", 20),
            "Tensor \"w\" has 20 bytes, but F32 of shape [2, 3] needs 24.");
  EXPECT_EQ(refusal("{" + entry("w", "F32", "[0]", 0, 4) + "}", 4),
            "Tensor \"w\" has 4 bytes, but F32 of shape [0] needs 0.");
}

TEST(Safetensors, refuses_overlap) {
  EXPECT_EQ(
      refusal("{" + entry("a", "U8", "[4]", 0, 4) + "," + entry("b", "U8", "[4]", 3, 7) + "}", 7),
      "Tensor \"b\" begins at byte 3 of the data, inside the one before it.");
  EXPECT_EQ(
      refusal("{" + entry("a", "U8", "[4]", 0, 4) + "," + entry("b", "U8", "[4]", 0, 4) + "}", 4),
      "Tensor \"b\" begins at byte 0 of the data, inside the one before it.");
  EXPECT_EQ(
      refusal("{" + entry("a", "U8", "[4]", 0, 4) + "," + entry("z", "U8", "[0]", 2, 2) + "}", 4),
      "Tensor \"z\" begins at byte 2 of the data, inside the one before it.");
}

TEST(Safetensors, refuses_bytes_that_belong_to_no_tensor) {
  EXPECT_EQ(refusal("{" + entry("a", "U8", "[2]", 1, 3) + "}", 3),
            "Bytes 0 to 1 of the data, before tensor \"a\", belong to no tensor.");
  EXPECT_EQ(
      refusal("{" + entry("a", "U8", "[2]", 0, 2) + "," + entry("b", "U8", "[2]", 3, 5) + "}", 5),
      "Bytes 2 to 3 of the data, before tensor \"b\", belong to no tensor.");
  EXPECT_EQ(refusal("{" + entry("a", "U8", "[2]", 0, 2) + "}", 5),
            "Bytes 2 to 5 at the end of the data belong to no tensor.");
  EXPECT_EQ(refusal("{}", 1), "Bytes 0 to 1 at the end of the data belong to no tensor.");
}

class SafetensorsVectors : public testing::Test {
 protected:
  void SetUp() override {
    if (std::filesystem::exists(folder_)) return;
    ASSERT_STRNE(std::getenv("CI") ? std::getenv("CI") : "", "true") << folder_ << " is missing";
    GTEST_SKIP() << folder_ << " is missing";
  }

  static std::string read(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(DRIFTWOOD_TEST_DATA) / "safetensors-vectors";
};

TEST_F(SafetensorsVectors, get_the_verdict_of_the_reference_implementation) {
  std::map<std::string, std::string> verdicts;
  for (const auto& row : nlohmann::json::parse(read(folder_ / "expected.json"))) {
    verdicts[row.at("file")] = row.at("expect");
  }
  EXPECT_EQ(verdicts.size(), 10u);
  std::size_t file_count = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder_)) {
    if (file.path().extension() != ".safetensors") continue;
    ++file_count;
    const std::string name = file.path().filename();
    const ExactBytes bytes(read(file.path()));
    const auto parsed = Safetensors::parse(bytes.span());
    // A file without a verdict of its own is one that the reference accepts.
    const bool expect_ok = !verdicts.contains(name) || verdicts[name] == "ok";
    EXPECT_EQ(parsed.has_value(), expect_ok) << name;
    EXPECT_TRUE(parsed || parsed.error().code() == ErrorCode::corrupt) << name;
  }
  EXPECT_EQ(file_count, 20u);
}

TEST_F(SafetensorsVectors, are_refused_for_the_right_reason) {
  const auto message = [&](const char* name) { return refusal(read(folder_ / name)); };
  EXPECT_EQ(message("test_metadata_incomplete_buffer_2.safetensors"),
            "Tensor \"test\" ends at byte 16 of the data, which has 14 bytes.");
  EXPECT_EQ(message("test_header_too_small.safetensors"),
            "The file (0 bytes) is shorter than the size of a header (8 bytes).");
  EXPECT_EQ(message("test_invalid_header_non_utf8.safetensors"),
            "The header does not begin with '{'.");
  EXPECT_EQ(message("test_validation_overflow_1.safetensors"),
            "The size of tensor \"test\" with shape [2, 18446744073709551614] does not fit into 64 "
            "bits.");
  EXPECT_EQ(message("test_json_attack.safetensors"),
            "Tensor \"weight_1\" begins at byte 0 of the data, inside the one before it.");
}

TEST_F(SafetensorsVectors, abusive_headers_are_refused_quickly) {
  const std::string file = read(folder_ / "abuse_attempt_3.safetensors");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_NE(refusal(file).find("inside the one before it"), std::string::npos);
  // Comparing each tensor with each other one would take minutes.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

}  // namespace
}  // namespace driftwood::format
