#include "mnist/idx.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace driftwood::guests::mnist {
namespace {

using Bytes = std::vector<std::uint8_t>;

// A header of this magic and these sizes, and so many pixels.
Bytes idx_file(std::vector<std::uint32_t> words, std::size_t pixels) {
  Bytes file;
  for (const std::uint32_t word : words) {
    for (int shift = 24; shift >= 0; shift -= 8)
      file.push_back(static_cast<std::uint8_t>(word >> shift));
  }
  file.resize(file.size() + pixels);
  return file;
}

// Parses from an allocation of the exact size, so that a sanitizer sees every read past the end.
sdk::Result<Images> parse(const Bytes& file) {
  const auto copy = std::make_unique<std::uint8_t[]>(file.size());
  std::copy(file.begin(), file.end(), copy.get());
  return parse_idx({copy.get(), file.size()});
}

std::string refusal(const Bytes& file) {
  const auto images = parse(file);
  if (images) return "";
  EXPECT_EQ(images.error().code, DW_E_CORRUPT);
  return images.error().message;
}

TEST(Idx, gives_count_and_size) {
  const auto images = parse(idx_file({0x803, 3, 5, 2}, 30));
  ASSERT_TRUE(images) << images.error().message;
  EXPECT_EQ(images->count, 3u);
  EXPECT_EQ(images->height, 5u);
  EXPECT_EQ(images->width, 2u);
}

TEST(Idx, takes_no_images_at_all) {
  EXPECT_EQ(refusal(idx_file({0x803, 0, 28, 28}, 0)), "");
}

TEST(Idx, refuses_every_truncation) {
  const Bytes whole = idx_file({0x803, 2, 2, 2}, 8);
  EXPECT_EQ(refusal(whole), "");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(refusal(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))), "")
        << size;
  }
  EXPECT_EQ(refusal({}), "The images have 0 bytes; an IDX header alone has 16.");
}

TEST(Idx, refuses_labels_and_files_of_other_kinds) {
  EXPECT_EQ(refusal(idx_file({0x801, 20, 0, 0}, 8)),
            "The images begin with the number 2049; an IDX file of images begins with 2051.");
  EXPECT_EQ(refusal(Bytes{0x1f, 0x8b, 8}), "The images are compressed by gzip; unpack them first.");
}

TEST(Idx, refuses_sizes_that_are_not_those_of_the_file) {
  EXPECT_EQ(refusal(idx_file({0x803, 2, 2, 2}, 9)),
            "The images are said to be 2 of 2 x 2 pixels; there are 9 bytes of pixels.");
  EXPECT_NE(refusal(idx_file({0x803, 0, 2, 2}, 1)), "");
  EXPECT_NE(refusal(idx_file({0x803, 2, 0, 2}, 1)), "");
}

TEST(Idx, refuses_sizes_whose_product_wraps) {
  EXPECT_NE(refusal(idx_file({0x803, 1u << 30, 1u << 17, 1u << 17}, 0)), "");
  EXPECT_NE(refusal(idx_file({0x803, 0xffffffff, 0xffffffff, 0xffffffff}, 1)), "");
}

}  // namespace
}  // namespace driftwood::guests::mnist
