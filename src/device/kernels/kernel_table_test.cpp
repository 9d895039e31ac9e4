#include "device/kernels/kernel_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "device/kernels/kernel_source.h"

namespace driftwood::device::kernels {
namespace {

using ops::OpNumber;
using tensor::DType;

// Ops whose weights, table or state may be stored in each of three dtypes.
constexpr OpNumber kWithStored[] = {
    OpNumber::gather_rows,    OpNumber::rms_norm,   OpNumber::linear,   OpNumber::append_rows,
    OpNumber::attention,      OpNumber::add,        OpNumber::conv1d,   OpNumber::conv2d,
    OpNumber::channel_affine, OpNumber::layer_norm, OpNumber::multiply, OpNumber::lstm_cell};

std::vector<const Kernel*> kernels_of(OpNumber op, DType dtype) {
  std::vector<const Kernel*> found;
  for (const Kernel& kernel : all_kernels()) {
    const bool is_alone = kernel.also.empty();
    if (kernel.op == op && kernel.dtype == dtype && is_alone) found.push_back(&kernel);
  }
  return found;
}

Size size_of(std::uint64_t rows, std::uint64_t width, std::uint64_t depth = 0) {
  return {rows, width * std::max<std::uint64_t>(depth, 1), {rows, width, depth, 0}};
}

std::uint64_t groups(const Grid& grid) {
  return std::uint64_t{grid.x} * grid.y * grid.z;
}

// How many workgroups the kernels take that are right for these sizes.
std::vector<std::uint64_t> all_groups_of(OpNumber op, std::vector<Size> inputs,
                                         std::vector<Size> outputs, std::size_t sequences = 1) {
  const Sizes sizes = {inputs, outputs, sequences};
  std::vector<std::uint64_t> all;
  for (const Kernel* kernel : kernels_of(op, DType::f32)) {
    if (kernel->takes(sizes)) all.push_back(groups(kernel->grid(sizes)));
  }
  return all;
}

// The same of an op that takes one kernel.
std::uint64_t groups_of(OpNumber op, std::vector<Size> inputs, std::vector<Size> outputs,
                        std::size_t sequences = 1) {
  const auto all = all_groups_of(op, std::move(inputs), std::move(outputs), sequences);
  EXPECT_EQ(all.size(), 1u);
  return all.size() == 1 ? all[0] : 0;
}

std::uint64_t linear_groups(std::uint64_t rows, std::vector<std::uint64_t> widths,
                            std::size_t sequences = 1) {
  std::vector<Size> inputs = {size_of(rows, 64)}, outputs;
  for (const std::uint64_t width : widths) {
    inputs.push_back(size_of(width, 64));
    outputs.push_back(size_of(rows, width));
  }
  return groups_of(OpNumber::linear, inputs, outputs, sequences);
}

TEST(KernelTable, has_every_op_in_each_dtype_that_it_stores) {
  for (const ops::OpDefinition* op : ops::all_ops()) {
    EXPECT_FALSE(kernels_of(op->number, DType::f32).empty()) << op->name;
    const bool has_stored = std::ranges::find(kWithStored, op->number) != std::end(kWithStored);
    for (const DType dtype : {DType::bf16, DType::f16}) {
      EXPECT_EQ(!kernels_of(op->number, dtype).empty(), has_stored) << op->name;
    }
  }
}

TEST(KernelTable, names_each_entry_point_once_and_with_its_dtype) {
  std::set<std::string_view> names;
  for (const Kernel& kernel : all_kernels()) {
    EXPECT_TRUE(names.insert(kernel.entry).second) << kernel.entry;
    if (std::ranges::find(kWithStored, kernel.op) == std::end(kWithStored)) continue;
    EXPECT_TRUE(kernel.entry.ends_with("_" + std::string(tensor::name(kernel.dtype))))
        << kernel.entry;
  }
}

TEST(KernelTable, names_entry_points_that_the_sources_have) {
  for (const Kernel& kernel : all_kernels()) {
    const std::string_view stem = ops::find_op(static_cast<std::uint32_t>(kernel.op))->name;
    const auto source = std::ranges::find(kernel_sources(), stem, &KernelSource::stem);
    ASSERT_NE(source, kernel_sources().end()) << stem;
    for (const std::span<const std::byte> text : {source->cuda, source->metal}) {
      const std::string_view code(reinterpret_cast<const char*>(text.data()), text.size());
      EXPECT_NE(code.find(" " + std::string(kernel.entry) + "("), code.npos) << kernel.entry;
    }
  }
}

TEST(Grid, items_fill_lines_of_65535) {
  EXPECT_EQ(groups(Grid::items(0)), 0u);
  EXPECT_EQ(groups(Grid::items(1)), 1u);
  const Grid full = Grid::items(65535), more = Grid::items(65536);
  EXPECT_EQ(full.x, 65535u);
  EXPECT_EQ(full.y, 1u);
  EXPECT_EQ(more.x, 65535u);
  EXPECT_EQ(more.y, 2u);
}

TEST(Grid, items_beyond_every_device_are_not_cut_short) {
  EXPECT_GT(Grid::items(std::uint64_t{1} << 40).y, 65535u);
  EXPECT_GT(Grid::items(~std::uint64_t{0}).y, 65535u);
}

TEST(KernelTable, takes_one_kernel_of_linear_for_any_rows) {
  EXPECT_EQ(linear_groups(0, {40}), 0u);
  EXPECT_EQ(linear_groups(1, {40}), 3u);
  EXPECT_EQ(linear_groups(2, {40}), 5u);
  EXPECT_EQ(linear_groups(4, {40}), 5u);
  EXPECT_EQ(linear_groups(5, {40}), 2u);
  EXPECT_EQ(linear_groups(17, {40}), 4u);
}

TEST(KernelTable, takes_the_kernel_of_one_row_where_it_is_of_one_sequence) {
  EXPECT_EQ(linear_groups(1, {40}, 2), 5u);
}

TEST(KernelTable, gives_one_row_256_workgroups_for_each_weight_at_most) {
  EXPECT_EQ(linear_groups(1, {4096}), 256u);
  EXPECT_EQ(linear_groups(1, {4097}), 256u);
  EXPECT_EQ(linear_groups(1, {100'000, 16}), 2u * 256);
}

TEST(KernelTable, leaves_little_of_any_number_of_logits) {
  const auto of_rows = [&](std::uint64_t rows) {
    return all_groups_of(OpNumber::top_logits, {size_of(rows, 1000), size_of(rows, 1)},
                         {size_of(rows, 5), size_of(rows, 5), size_of(rows, 1), size_of(rows, 1)});
  };
  EXPECT_EQ(of_rows(256), (std::vector<std::uint64_t>{256 * 32, 256 * 128, 256 * 32}));
  EXPECT_EQ(of_rows(257), (std::vector<std::uint64_t>{257}));
  for (const std::uint64_t rows : {1u, 256u, 257u, 100'000u}) {
    const std::vector<Size> inputs = {size_of(rows, 1000)};
    const Sizes sizes = {inputs, {}, 1};
    for (const Kernel* kernel : kernels_of(OpNumber::top_logits, DType::f32)) {
      if (!kernel->takes(sizes) || kernel->scratch_bytes == nullptr) continue;
      EXPECT_LT(kernel->scratch_bytes(sizes), 6u << 20) << rows;
    }
  }
}

TEST(KernelTable, does_not_turn_more_heads_at_once_than_a_grid_has_workgroups) {
  const auto takes = [](std::uint64_t heads) {
    const std::vector<Size> inputs = {size_of(1, heads, 8)};
    const std::vector<Size> outputs = {{1, 8, {1, 8, 0, 0}}};
    const Sizes sizes = {inputs, outputs, 1};
    return std::ranges::any_of(all_kernels(), [&](const Kernel& kernel) {
      return kernel.entry == "turned_attention_f32" && kernel.takes(sizes);
    });
  };
  EXPECT_TRUE(takes(4 * 65535));
  EXPECT_FALSE(takes(4 * 65535 + 1));
}

TEST(KernelTable, gives_each_weight_of_linear_blocks_of_its_own) {
  EXPECT_EQ(linear_groups(1, {17, 8, 1}), 3u * 2);
  EXPECT_EQ(linear_groups(33, {33, 1}), 9u);
}

TEST(KernelTable, has_ops_that_are_done_together_in_all_dtypes_of_weights_and_states) {
  std::map<std::vector<OpNumber>, int> fused;
  for (const Kernel& kernel : all_kernels()) {
    std::vector<OpNumber> ops = {kernel.op};
    ops.insert(ops.end(), kernel.also.begin(), kernel.also.end());
    if (!kernel.also.empty()) ++fused[ops];
  }
  EXPECT_EQ(fused.size(), 7u);
  for (const auto& [ops, count] : fused) EXPECT_EQ(count, 3);
}

TEST(KernelTable, gives_elements_pieces_of_1024) {
  EXPECT_EQ(groups_of(OpNumber::swiglu, {size_of(3, 1000), size_of(3, 1000)}, {size_of(3, 1000)}),
            3u);
  EXPECT_EQ(groups_of(OpNumber::swiglu, {size_of(0, 1000), size_of(0, 1000)}, {size_of(0, 1000)}),
            0u);
}

TEST(KernelTable, gives_each_row_and_four_query_heads_of_a_key_head_a_workgroup) {
  const Size plane = {1, 64, {2, 64, 0, 0}};  // one span
  EXPECT_EQ(groups_of(OpNumber::attention, {size_of(3, 8, 64), plane, plane}, {size_of(3, 8, 64)}),
            6u);
  EXPECT_EQ(
      groups_of(OpNumber::attention, {size_of(3, 10, 64), plane, plane}, {size_of(3, 10, 64)}),
      12u);
}

TEST(KernelTable, gives_each_span_of_few_parts_a_workgroup_and_joins_them) {
  const Size plane = {5, 64, {2, 64, 0, 0}};  // five spans
  const auto of_rows = [&](std::uint64_t rows) {
    const Size q = size_of(rows, 8, 64);
    return all_groups_of(OpNumber::attention, {q, plane, plane}, {q});
  };
  EXPECT_EQ(of_rows(3), (std::vector<std::uint64_t>{30, 6}));
  EXPECT_EQ(of_rows(127), (std::vector<std::uint64_t>{1270, 254}));
  EXPECT_EQ(of_rows(128), (std::vector<std::uint64_t>{256}));
}

TEST(KernelTable, gives_pairs_and_other_elements_of_rope_a_thread_each) {
  const Size positions = size_of(2, 0), frequencies = {16, 1, {16, 0, 0, 0}};
  EXPECT_EQ(
      groups_of(OpNumber::rope, {size_of(2, 5, 64), positions, frequencies}, {size_of(2, 5, 64)}),
      2u);
  EXPECT_EQ(
      groups_of(OpNumber::rope, {size_of(2, 6, 64), positions, frequencies}, {size_of(2, 6, 64)}),
      4u);
}

TEST(KernelTable, takes_softmax_over_the_last_dimension) {
  EXPECT_EQ(groups_of(OpNumber::softmax, {size_of(3, 5, 64)}, {size_of(3, 5, 64)}), 15u);
  EXPECT_EQ(groups_of(OpNumber::softmax, {size_of(3, 5, 1)}, {size_of(3, 5, 1)}), 15u);
  EXPECT_EQ(groups_of(OpNumber::softmax, {size_of(3, 5)}, {size_of(3, 5)}), 3u);
}

}  // namespace
}  // namespace driftwood::device::kernels
