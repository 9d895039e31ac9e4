#include "model/checkpoint.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "model/test_folder.h"

namespace driftwood::model {
namespace {

// Two numbers behind a header of this size; f32 values 1 and 2.
std::string two_floats(std::size_t header_bytes) {
  std::string header = R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  header.resize(header_bytes, ' ');
  return safetensors_of(header, std::string("\0\0\x80\x3f\0\0\0\x40", 8));
}

std::vector<float> values_of(const tensor::View& view) {
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(view.bytes.data()) % sizeof(float), 0u);
  const auto* begin = reinterpret_cast<const float*>(view.bytes.data());
  return {begin, begin + view.bytes.size() / sizeof(float)};
}

TEST(Checkpoint, gives_views_without_a_copy) {
  const TestFolder folder;
  const auto checkpoint = Checkpoint::open(folder.write("w.safetensors", two_floats(64)));
  ASSERT_TRUE(checkpoint) << checkpoint.error().message();
  const auto view = (*checkpoint)->find("w");
  ASSERT_TRUE(view);
  EXPECT_EQ(view->shape, tensor::Shape{2});
  EXPECT_EQ(values_of(*view), (std::vector<float>{1, 2}));
  EXPECT_EQ((*checkpoint)->weight_bytes(), 8u);
  EXPECT_EQ((*checkpoint)->copied_bytes(), 0u);
}

TEST(Checkpoint, copies_a_tensor_that_is_not_aligned) {
  const TestFolder folder;
  for (const std::size_t header_bytes : {61, 62, 63}) {
    const auto checkpoint =
        Checkpoint::open(folder.write("w.safetensors", two_floats(header_bytes)));
    ASSERT_TRUE(checkpoint) << checkpoint.error().message();
    EXPECT_EQ(values_of(*(*checkpoint)->find("w")), (std::vector<float>{1, 2}));
    EXPECT_EQ((*checkpoint)->weight_bytes(), 8u);
    EXPECT_EQ((*checkpoint)->copied_bytes(), 8u);
  }
}

TEST(Checkpoint, names_a_tensor_that_is_not_there) {
  const TestFolder folder;
  const auto checkpoint = Checkpoint::open(folder.write("w.safetensors", two_floats(64)));
  const auto view = (*checkpoint)->find("v");
  ASSERT_FALSE(view);
  EXPECT_EQ(view.error().code(), ErrorCode::not_found);
  EXPECT_EQ(view.error().message(), "The checkpoint has no tensor \"v\".");
}

TEST(Checkpoint, names_the_file_that_is_missing_empty_or_cut) {
  const TestFolder folder;
  const auto missing = Checkpoint::open(folder.path() + "/none.safetensors");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::not_found);

  const std::string whole = two_floats(64);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string path = folder.write("cut.safetensors", whole.substr(0, size));
    const auto cut = Checkpoint::open(path);
    ASSERT_FALSE(cut) << size;
    EXPECT_EQ(cut.error().code(), ErrorCode::corrupt) << cut.error().message();
    EXPECT_TRUE(cut.error().message().starts_with("While opening \"" + path + "\": ")) << size;
  }
}

}  // namespace
}  // namespace driftwood::model
