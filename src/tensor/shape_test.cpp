#include "tensor/shape.h"

#include <gtest/gtest.h>

namespace driftwood::tensor {
namespace {

constexpr std::uint64_t kTwo32 = std::uint64_t{1} << 32;
constexpr std::uint64_t kTwo63 = std::uint64_t{1} << 63;

TEST(ElementCount, is_the_product) {
  EXPECT_EQ(element_count(Shape{2, 3, 5}), 30u);
  EXPECT_EQ(element_count(Shape{7}), 7u);
}

TEST(ElementCount, of_a_scalar_is_one) {
  EXPECT_EQ(element_count(Shape{}), 1u);
}

TEST(ElementCount, with_an_empty_dimension_is_zero) {
  EXPECT_EQ(element_count(Shape{3, 0, 5}), 0u);
  EXPECT_EQ(element_count(Shape{0, kTwo63, kTwo63}), 0u);
}

TEST(ElementCount, reaches_the_largest_number) {
  EXPECT_EQ(element_count(Shape{~std::uint64_t{0}, 1}), ~std::uint64_t{0});
  EXPECT_EQ(element_count(Shape{kTwo32, kTwo32 / 2}), kTwo63);
}

TEST(ElementCount, that_overflows_is_nothing) {
  EXPECT_EQ(element_count(Shape{kTwo32, kTwo32}), std::nullopt);
  EXPECT_EQ(element_count(Shape{kTwo63, 2}), std::nullopt);
  EXPECT_EQ(element_count(Shape{~std::uint64_t{0}, 3}), std::nullopt);
  EXPECT_EQ(element_count(Shape{1 << 16, 1 << 16, 1 << 16, 1 << 16}), std::nullopt);
  EXPECT_EQ(element_count(Shape{kTwo63, 2, 0}), std::nullopt);  // in order, as said
}

TEST(ShapeText, lists_the_dimensions) {
  EXPECT_EQ(to_string(Shape{2, 3}), "[2, 3]");
  EXPECT_EQ(to_string(Shape{}), "[]");
  EXPECT_EQ(to_string(Shape{~std::uint64_t{0}}), "[18446744073709551615]");
}

TEST(DimValue, multiplies_in_64_bits) {
  const std::uint32_t symbols[] = {5, 0xFFFF'FFFF};
  EXPECT_EQ((Dim{.factor = 7}).value(symbols), 7u);
  EXPECT_EQ((Dim{.factor = 7}).value({}), 7u);
  EXPECT_EQ((Dim{.factor = 3, .symbol = 0}).value(symbols), 15u);
  EXPECT_EQ((Dim{.factor = 0xFFFF'FFFF, .symbol = 1}).value(symbols), 0xFFFF'FFFE'0000'0001u);
}

TEST(SymbolicShapeText, names_symbols_with_their_factor) {
  const SymbolicShape shape = {
      .rank = 4,
      .dims = {Dim{.factor = 1, .symbol = 0}, Dim{.factor = 2, .symbol = 7}, Dim{.factor = 64},
               Dim{.factor = 0, .symbol = 1}}};
  EXPECT_EQ(to_string(shape), "[T0, 2*T7, 64, 0*T1]");
  EXPECT_EQ(to_string(SymbolicShape{}), "[]");
}

TEST(SymbolicShapeEquality, compares_rank_and_dimensions_within_it_only) {
  SymbolicShape a = {.rank = 2, .dims = {Dim{.factor = 1, .symbol = 0}, Dim{.factor = 64}}};
  SymbolicShape b = a;
  b.dims[2] = Dim{.factor = 99};  // past the rank
  EXPECT_EQ(a, b);
  b.rank = 3;
  EXPECT_NE(a, b);
  a.rank = 3;
  EXPECT_NE(a, b);
  b = a;
  b.dims[0].symbol = 1;
  EXPECT_NE(a, b);
  b = a;
  b.dims[1].factor = 65;
  EXPECT_NE(a, b);
}

}  // namespace
}  // namespace driftwood::tensor
