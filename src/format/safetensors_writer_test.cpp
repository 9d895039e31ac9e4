#include "format/safetensors_writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "format/safetensors.h"
#include "format/safetensors_header.h"

namespace driftwood::format {
namespace {

using Alignment = SafetensorsWriter::Alignment;
using tensor::DType;

std::vector<std::byte> whole(const SafetensorsFile& file) {
  std::vector<std::byte> bytes(file.size_bytes());
  file.copy_to(bytes);
  return bytes;
}

Bytes bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string text_of(Bytes bytes) {
  std::string text(bytes.size(), '\0');
  std::ranges::copy(bytes, std::as_writable_bytes(std::span(text)).begin());
  return text;
}

TEST(SafetensorsWriter, writes_what_the_reader_reads) {
  SafetensorsWriter writer;
  writer.set_metadata("format", "old");
  writer.set_metadata("format", "ne\"w\n");
  ASSERT_TRUE(writer.add("b", DType::u8, {3}, bytes_of("xyz")));
  const std::vector<Bytes> parts = {bytes_of("ab"), Bytes(), bytes_of("cdefgh")};
  ASSERT_TRUE(writer.add("a", DType::f32, {1, 2}, parts));
  ASSERT_TRUE(writer.add("scalar", DType::i16, {}, bytes_of("ij")));
  ASSERT_TRUE(writer.add("nothing", DType::f64, {7, 0}, Bytes()));
  const auto file = std::move(writer).finish();
  ASSERT_TRUE(file) << file.error().message();

  const auto bytes = whole(*file);
  const auto parsed = Safetensors::parse(bytes);
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(parsed->metadata(), (std::map<std::string, std::string>{{"format", "ne\"w\n"}}));
  EXPECT_EQ(parsed->tensors().size(), 5u);
  EXPECT_EQ(text_of(parsed->find("b")->bytes), "xyz");
  EXPECT_EQ(text_of(parsed->find("a")->bytes), "abcdefgh");
  EXPECT_EQ(parsed->find("a")->dtype, DType::f32);
  EXPECT_EQ(parsed->find("a")->shape, (tensor::Shape{1, 2}));
  EXPECT_EQ(text_of(parsed->find("scalar")->bytes), "ij");
  EXPECT_EQ(parsed->find("nothing")->shape, (tensor::Shape{7, 0}));
  EXPECT_EQ(parsed->find("pad.0")->bytes.size(), 1u);
  EXPECT_EQ((8 + parsed->header_bytes()) % 8, 0u);
  EXPECT_LT(bytes.size(), 600u);
}

TEST(SafetensorsWriter, writes_a_file_without_tensors) {
  const auto file = SafetensorsWriter().finish();
  const auto bytes = whole(*file);
  EXPECT_EQ(text_of(bytes), std::string("\x08\0\0\0\0\0\0\0{}      ", 16));
  EXPECT_TRUE(Safetensors::parse(bytes));
}

TEST(SafetensorsWriter, points_at_the_callers_bytes_and_copies_none) {
  const std::vector<std::byte> tensor(100'000);
  SafetensorsWriter writer;
  ASSERT_TRUE(writer.add("w", DType::u8, {100'000}, tensor));
  auto file = std::move(writer).finish().value();
  const SafetensorsFile moved = std::move(file);
  ASSERT_EQ(moved.parts().size(), 2u);
  EXPECT_EQ(moved.parts()[1].data(), tensor.data());
  EXPECT_TRUE(Safetensors::parse(whole(moved)));
}

TEST(SafetensorsWriter, begins_mappable_tensors_at_64_kib_of_the_file) {
  const std::vector<std::byte> bytes(200'000, std::byte{7});
  const auto some = [&](std::size_t size) { return Bytes(bytes).first(size); };
  SafetensorsWriter writer;
  ASSERT_TRUE(writer.add("state.0", DType::u8, {65'537}, some(65'537), Alignment::mappable));
  ASSERT_TRUE(writer.add("empty", DType::u8, {0}, some(0), Alignment::mappable));
  ASSERT_TRUE(writer.add("state.1", DType::bf16, {32'768}, some(65'536), Alignment::mappable));
  ASSERT_TRUE(writer.add("state.2", DType::u8, {1}, some(1), Alignment::mappable));
  ASSERT_TRUE(writer.add("last", DType::u32, {1}, some(4)));
  const auto file = whole(*std::move(writer).finish());
  const auto parsed = Safetensors::parse(file);
  ASSERT_TRUE(parsed) << parsed.error().message();
  const auto offset = [&](const char* name) {
    return parsed->find(name)->bytes.data() - file.data();
  };
  EXPECT_EQ(offset("state.0"), 65'536);
  EXPECT_EQ(offset("state.1"), 3 * 65'536);
  EXPECT_EQ(offset("state.2"), 4 * 65'536);
  EXPECT_EQ(offset("last"), 4 * 65'536 + 4);
  EXPECT_EQ(parsed->find("pad.0")->bytes.size(), 65'535u);
  EXPECT_EQ(parsed->find("pad.1")->bytes.size(), 3u);
  EXPECT_EQ(parsed->tensors().size(), 7u);
  EXPECT_TRUE(std::ranges::all_of(parsed->find("pad.0")->bytes,
                                  [](std::byte byte) { return byte == std::byte{0}; }));
}

TEST(SafetensorsWriter, grows_a_header_over_64_kib_to_the_next_step) {
  SafetensorsWriter writer;
  writer.set_metadata("long", std::string(70'000, 'x'));
  ASSERT_TRUE(writer.add("w", DType::u8, {1}, bytes_of("x"), Alignment::mappable));
  const auto file = whole(*std::move(writer).finish());
  EXPECT_EQ(file.size(), 2u * 65'536 + 1);
  EXPECT_TRUE(Safetensors::parse(file));
}

// Tensors of every dtype, with random shapes, cuts and alignments.
TEST(SafetensorsWriter, gives_back_any_tensors) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto below = [&](std::size_t n) { return random() % n; };
  std::vector<std::byte> noise(100'000);
  for (std::byte& byte : noise) byte = static_cast<std::byte>(random());

  for (int round = 0; round < 200; ++round) {
    SafetensorsWriter writer;
    struct Added {
      DType dtype;
      tensor::Shape shape;
      Bytes bytes;
      Alignment alignment;
    };
    std::map<std::string, Added> added;
    const std::size_t count = below(12);
    for (std::size_t i = 0; i < count; ++i) {
      const auto dtype = static_cast<DType>(1 + below(15));
      tensor::Shape shape;
      while (below(3) != 0 && shape.size() < 5) shape.push_back(below(6));
      const std::size_t size = *tensor::element_count(shape) * tensor::size_bytes(dtype);
      const Bytes bytes = Bytes(noise).subspan(below(noise.size() - size), size);
      const std::size_t cut = below(size + 1);
      const std::vector<Bytes> parts = {bytes.first(cut), bytes.subspan(cut)};
      const auto alignment = below(4) == 0 ? Alignment::mappable : Alignment::element;
      const std::string name = "t\xc3\xa4\"" + std::to_string(random());
      ASSERT_TRUE(writer.add(name, dtype, shape, parts, alignment));
      added.emplace(name, Added{dtype, shape, bytes, alignment});
    }
    const auto file = whole(*std::move(writer).finish());
    const auto parsed = Safetensors::parse(file);
    ASSERT_TRUE(parsed) << parsed.error().message();
    for (const auto& [name, tensor] : added) {
      const tensor::View* view = parsed->find(name);
      ASSERT_NE(view, nullptr);
      EXPECT_EQ(view->dtype, tensor.dtype);
      EXPECT_EQ(view->shape, tensor.shape);
      EXPECT_TRUE(std::ranges::equal(view->bytes, tensor.bytes));
      const auto step =
          tensor.alignment == Alignment::mappable ? 65'536 : tensor::size_bytes(tensor.dtype);
      const auto offset = static_cast<std::size_t>(view->bytes.data() - file.data());
      EXPECT_TRUE(view->bytes.empty() || offset % step == 0) << offset;
    }
  }
}

class SafetensorsWriterRefuses : public testing::Test {
 protected:
  std::string refusal(const std::string& name, tensor::Shape shape, Bytes bytes,
                      ErrorCode code = ErrorCode::invalid_argument) {
    const auto refused = writer_.add(name, DType::f32, std::move(shape), bytes);
    if (refused) return "accepted";
    EXPECT_EQ(refused.error().code(), code);
    return refused.error().message();
  }

  SafetensorsWriter writer_;
};

TEST_F(SafetensorsWriterRefuses, bytes_that_are_not_as_many_as_the_shape_says) {
  EXPECT_EQ(refusal("w", {2}, bytes_of("1234567")),
            "Tensor \"w\" is given 7 bytes, but F32 of shape [2] needs 8.");
  EXPECT_EQ(refusal("w", {0}, bytes_of("1234")),
            "Tensor \"w\" is given 4 bytes, but F32 of shape [0] needs 0.");
  EXPECT_EQ(refusal("w", {1ull << 62}, Bytes()),
            "The size of tensor \"w\" with shape [4611686018427387904] does not fit into 64 bits.");
  EXPECT_EQ(std::move(writer_).finish()->parts().size(), 1u);
}

TEST_F(SafetensorsWriterRefuses, names_that_are_taken) {
  EXPECT_EQ(refusal("w", {1}, bytes_of("1234")), "accepted");
  EXPECT_EQ(refusal("w", {1}, bytes_of("1234")), "Tensor \"w\" is there already.");
  EXPECT_EQ(refusal("pad.0", {1}, bytes_of("1234")), "No tensor may be called \"pad.0\".");
  EXPECT_EQ(refusal("__metadata__", {1}, bytes_of("1234")),
            "No tensor may be called \"__metadata__\".");
}

TEST_F(SafetensorsWriterRefuses, more_dimensions_than_the_reader_takes) {
  EXPECT_EQ(refusal("w", tensor::Shape(64, 1), bytes_of("1234")), "accepted");
  EXPECT_EQ(refusal("x", tensor::Shape(65, 1), bytes_of("1234"), ErrorCode::limit),
            "Tensor \"x\" has 65 dimensions, more than the limit (64).");
}

TEST_F(SafetensorsWriterRefuses, more_tensors_than_the_reader_takes) {
  for (std::size_t i = 1; i < SafetensorsHeader::kMostTensors; ++i) {
    ASSERT_TRUE(writer_.add(std::to_string(i), DType::u8, {0}, Bytes()));
  }
  EXPECT_EQ(refusal("w", {0}, Bytes(), ErrorCode::limit),
            "Tensor \"w\" is one more than the limit (262144, padding included).");
}

TEST_F(SafetensorsWriterRefuses, what_is_not_utf_8) {
  EXPECT_EQ(refusal("\xff", {1}, bytes_of("1234")), "accepted");
  EXPECT_EQ(std::move(writer_).finish().error().code(), ErrorCode::invalid_argument);
  SafetensorsWriter other;
  other.set_metadata("k", "\xc3");
  EXPECT_EQ(std::move(other).finish().error().message(),
            "A tensor's name or the metadata is not UTF-8.");
}

TEST_F(SafetensorsWriterRefuses, a_header_over_the_limit) {
  writer_.set_metadata("k", std::string(Safetensors::kMostHeaderBytes, 'x'));
  EXPECT_EQ(std::move(writer_).finish().error().code(), ErrorCode::limit);
}

}  // namespace
}  // namespace driftwood::format
