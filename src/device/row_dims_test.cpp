#include "device/row_dims.h"

#include <gtest/gtest.h>

#include "device/test_support.h"
#include "os/process.h"

namespace driftwood::device {
namespace {

using namespace testing;

// A program of two symbols with nothing but temporaries of these first dimensions.
std::shared_ptr<const graph::Program> make_program(const std::vector<sdk::Dim>& first_dims) {
  sdk::Program program;
  program.symbol(9);
  program.symbol(9);
  for (const sdk::Dim& dim : first_dims) program.temporary(sdk::DType::f32, {dim, 2});
  return decode(program);
}

TEST(RowDims, tensors_of_equal_first_dimensions_share_their_rows) {
  const sdk::Symbol first{0}, second{1};
  const RowDims rows(*make_program({first, 2, second, first, 2 * first, 2}));
  EXPECT_EQ(rows.dims().size(), 4u);
  EXPECT_EQ(rows.of(0), rows.of(3));
  EXPECT_EQ(rows.of(1), rows.of(5));
  const tensor::Dim& dim = rows.dims()[rows.of(4)];
  EXPECT_EQ(dim, (tensor::Dim{2, 0}));
}

// Eight times the tensors: quadratic time would be 64 times as long.
TEST(RowDims, many_distinct_first_dimensions_take_no_quadratic_time) {
  const auto least_ns = [](std::uint32_t count) {
    std::vector<sdk::Dim> dims;
    for (std::uint32_t i = 0; i < count; ++i) dims.emplace_back(i + 1);
    const auto program = make_program(dims);
    std::uint64_t least = ~std::uint64_t{0};
    for (int i = 0; i < 3; ++i) {
      const std::uint64_t start_ns = os::monotonic_ns();
      const RowDims rows(*program);
      EXPECT_EQ(rows.dims().size(), count);
      least = std::min(least, os::monotonic_ns() - start_ns);
    }
    return least;
  };
  EXPECT_LT(least_ns(60000), 30 * least_ns(7500));
}

}  // namespace
}  // namespace driftwood::device
