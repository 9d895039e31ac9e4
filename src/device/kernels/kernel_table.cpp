#include "device/kernels/kernel_table.h"

#include <algorithm>
#include <limits>

namespace driftwood::device::kernels {
namespace {

using ops::OpNumber;
using tensor::DType;

std::uint64_t blocks_of(std::uint64_t count, std::uint64_t block) {
  return count / block + (count % block == 0 ? 0 : 1);  // cannot overflow
}

bool always(const Sizes&) {
  return true;
}

// A workgroup for each 1,024 elements, as elements.slang divides them.
Grid pieces_of(const Size& size) {
  return Grid::items(blocks_of(size.rows * size.row_elements, 1024));
}

Grid output_pieces(const Sizes& sizes) {
  return pieces_of(sizes.outputs[0]);
}

Grid input_pieces(const Sizes& sizes) {
  return pieces_of(sizes.inputs[0]);
}

// A workgroup for each 1,024 elements of a row.
Grid output_row_pieces(const Sizes& sizes) {
  const Size& y = sizes.outputs[0];
  return Grid::items(y.rows * blocks_of(y.row_elements, 1024));
}

Grid output_rows(const Sizes& sizes) {
  return Grid::items(sizes.outputs[0].rows);
}

Grid input_rows(const Sizes& sizes) {
  return Grid::items(sizes.inputs[0].rows);
}

Grid matmul_grid(const Sizes& sizes) {
  return Grid::items(sizes.inputs[0].rows * blocks_of(sizes.inputs[1].row_elements, 256));
}

// Rows and outputs of a workgroup of one kernel of linear, R RB and O OB in linear_tiles.slang.
template <std::uint64_t kRows, std::uint64_t kOutputs>
Grid linear_grid(const Sizes& sizes) {
  std::uint64_t blocks = 0;
  for (const Size& output : sizes.outputs) blocks += blocks_of(output.row_elements, kOutputs);
  return Grid::items(blocks_of(sizes.inputs[0].rows, kRows) * blocks);
}

// How many rows there are. One row is of one sequence.
bool one_row(const Sizes& sizes) {
  return sizes.inputs[0].rows <= 1 && sizes.sequences == 1;
}

constexpr std::uint64_t kFewRows = 4;

bool few_rows(const Sizes& sizes) {
  return sizes.inputs[0].rows <= kFewRows && !one_row(sizes);
}

bool many_rows(const Sizes& sizes) {
  return sizes.inputs[0].rows > kFewRows;
}

// For each weight as many workgroups as the outputs of the widest are blocks in one_row.slang, or
// kRowGroups there.
template <std::uint64_t kOutputs>
Grid row_grid(const Sizes& sizes) {
  constexpr std::uint64_t kRowGroups = 256;
  if (sizes.inputs[0].rows == 0) return {0, 1, 1};
  std::uint64_t most = 0;
  for (const Size& y : sizes.outputs) most = std::max(most, blocks_of(y.row_elements, kOutputs));
  return {static_cast<std::uint32_t>(std::min(most, kRowGroups)),
          static_cast<std::uint32_t>(sizes.outputs.size()), 1};
}

constexpr auto one_row_grid = row_grid<16>;
constexpr auto few_rows_grid = linear_grid<kFewRows, 8>;
constexpr auto many_rows_grid = linear_grid<16, 32>;

// Of one row and what is done before or after it.
constexpr auto one_row_also_grid = row_grid<8>;

Grid rope_grid(const Sizes& sizes) {
  const Size& x = sizes.inputs[0];
  const std::uint64_t head_threads = x.dims[2] - sizes.inputs[2].dims[0];
  return Grid::items(x.rows * blocks_of(x.dims[1] * head_threads, 256));
}

// What attention works on: keys are a state.
struct AttentionSizes {
  const Size &q, &keys;

  // Rows, key heads and up to four query heads that share one, each a workgroup.
  std::uint64_t parts() const {
    const std::uint64_t key_heads = keys.dims[0];
    return q.rows * key_heads * blocks_of(q.dims[1] / key_heads, 4);
  }

  // left_of() in attention.slang.
  std::uint64_t scratch_bytes() const {
    const std::uint64_t left = 4 * sizeof(float) * (2 + keys.dims[1]);
    return parts() * keys.rows * left;
  }

  // Whether there are spans to do side by side, too few parts to fill a GPU without that, and
  // little to keep of them.
  bool is_split() const {
    constexpr std::uint64_t kManyParts = 256, kMostBytes = std::uint64_t{32} << 20;
    return keys.rows > 1 && parts() < kManyParts && scratch_bytes() <= kMostBytes;
  }
};

AttentionSizes attention_of(const Sizes& sizes) {
  return {sizes.inputs[0], sizes.inputs[1]};
}

Grid attention_grid(const Sizes& sizes) {
  return Grid::items(attention_of(sizes).parts());
}

Grid attention_spans_grid(const Sizes& sizes) {
  return Grid::items(attention_of(sizes).parts() * sizes.inputs[1].rows);
}

std::uint64_t attention_scratch_bytes(const Sizes& sizes) {
  return attention_of(sizes).scratch_bytes();
}

bool is_split(const Sizes& sizes) {
  return attention_of(sizes).is_split();
}

bool is_whole(const Sizes& sizes) {
  return !is_split(sizes);
}

// rope of q and k, append_rows of k and v, attention: the states are outputs. A workgroup for each
// key head, of which a state has 1,024 at most, and up to four query heads that share it.
Grid turned_attention_grid(const Sizes& sizes) {
  const std::uint64_t heads = sizes.inputs[0].dims[1], key_heads = sizes.outputs[0].dims[0];
  if (sizes.inputs[0].rows == 0) return {0, 1, 1};
  return {static_cast<std::uint32_t>(key_heads),
          static_cast<std::uint32_t>(blocks_of(heads / key_heads, 4)), 1};
}

bool is_one_row_of_one_span(const Sizes& sizes) {
  return one_row(sizes) && sizes.outputs[0].rows <= 1 &&
         turned_attention_grid(sizes).y <= Grid::kMost;
}

// Rows of top_logits that a GPU has little to do with, and of which it keeps little.
bool few_logit_rows(const Sizes& sizes) {
  constexpr std::uint64_t kFewLogitRows = 256;
  return sizes.inputs[0].rows <= kFewLogitRows;
}

bool many_logit_rows(const Sizes& sizes) {
  return !few_logit_rows(sizes);
}

// Workgroups of a row, and bytes of Left, in top_logits.slang.
template <std::uint64_t kParts>
Grid top_logits_grid(const Sizes& sizes) {
  return Grid::items(sizes.inputs[0].rows * kParts);
}

std::uint64_t top_logits_scratch_bytes(const Sizes& sizes) {
  constexpr std::uint64_t kParts = 32, kLanes = 1024, kMostCollected = 2048;
  return sizes.inputs[0].rows * (16 * kParts + 4 * kLanes + 8 * kMostCollected + 8);
}

Grid softmax_grid(const Sizes& sizes) {
  const Size& x = sizes.inputs[0];
  std::uint64_t width = x.dims[0];
  for (const std::uint64_t dim : x.dims) width = dim > 0 ? dim : width;
  return Grid::items(x.rows * (x.row_elements / width));
}

Grid lstm_cell_grid(const Sizes& sizes) {
  return Grid::items(sizes.outputs[0].rows * blocks_of(sizes.outputs[0].row_elements, 4));
}

// What a kernel does as well.
constexpr OpNumber kAdd[] = {OpNumber::add};
constexpr OpNumber kSwiglu[] = {OpNumber::swiglu};
constexpr OpNumber kAppend[] = {OpNumber::append_rows};
constexpr OpNumber kLinear[] = {OpNumber::linear};
constexpr OpNumber kNorm[] = {OpNumber::rms_norm};
constexpr OpNumber kTurnedAttention[] = {OpNumber::rope, OpNumber::append_rows,
                                         OpNumber::append_rows, OpNumber::attention};
constexpr OpNumber kLinearSwiglu[] = {OpNumber::linear, OpNumber::swiglu};

constexpr Kernel kKernels[] = {
    {OpNumber::matmul, DType::f32, "matmul", always, matmul_grid},

    {OpNumber::gather_rows, DType::f32, "gather_rows_f32", always, output_row_pieces},
    {OpNumber::gather_rows, DType::bf16, "gather_rows_bf16", always, output_row_pieces},
    {OpNumber::gather_rows, DType::f16, "gather_rows_f16", always, output_row_pieces},

    {OpNumber::rms_norm, DType::f32, "rms_norm_linear_swiglu_f32", one_row, one_row_also_grid,
     nullptr, kLinearSwiglu},
    {OpNumber::rms_norm, DType::f32, "rms_norm_linear_f32", one_row, one_row_grid, nullptr,
     kLinear},
    {OpNumber::rms_norm, DType::f32, "rms_norm_f32", always, input_rows},
    {OpNumber::rms_norm, DType::bf16, "rms_norm_linear_swiglu_bf16", one_row, one_row_also_grid,
     nullptr, kLinearSwiglu},
    {OpNumber::rms_norm, DType::bf16, "rms_norm_linear_bf16", one_row, one_row_grid, nullptr,
     kLinear},
    {OpNumber::rms_norm, DType::bf16, "rms_norm_bf16", always, input_rows},
    {OpNumber::rms_norm, DType::f16, "rms_norm_linear_swiglu_f16", one_row, one_row_also_grid,
     nullptr, kLinearSwiglu},
    {OpNumber::rms_norm, DType::f16, "rms_norm_linear_f16", one_row, one_row_grid, nullptr,
     kLinear},
    {OpNumber::rms_norm, DType::f16, "rms_norm_f16", always, input_rows},

    {OpNumber::linear, DType::f32, "linear_one_row_f32", one_row, one_row_grid},
    {OpNumber::linear, DType::f32, "linear_one_row_add_f32", one_row, one_row_also_grid, nullptr,
     kAdd},
    {OpNumber::linear, DType::f32, "linear_one_row_swiglu_f32", one_row, one_row_also_grid, nullptr,
     kSwiglu},
    {OpNumber::linear, DType::f32, "linear_few_rows_f32", few_rows, few_rows_grid},
    {OpNumber::linear, DType::f32, "linear_many_rows_f32", many_rows, many_rows_grid},
    {OpNumber::linear, DType::bf16, "linear_one_row_bf16", one_row, one_row_grid},
    {OpNumber::linear, DType::bf16, "linear_one_row_add_bf16", one_row, one_row_also_grid, nullptr,
     kAdd},
    {OpNumber::linear, DType::bf16, "linear_one_row_swiglu_bf16", one_row, one_row_also_grid,
     nullptr, kSwiglu},
    {OpNumber::linear, DType::bf16, "linear_few_rows_bf16", few_rows, few_rows_grid},
    {OpNumber::linear, DType::bf16, "linear_many_rows_bf16", many_rows, many_rows_grid},
    {OpNumber::linear, DType::f16, "linear_one_row_f16", one_row, one_row_grid},
    {OpNumber::linear, DType::f16, "linear_one_row_add_f16", one_row, one_row_also_grid, nullptr,
     kAdd},
    {OpNumber::linear, DType::f16, "linear_one_row_swiglu_f16", one_row, one_row_also_grid, nullptr,
     kSwiglu},
    {OpNumber::linear, DType::f16, "linear_few_rows_f16", few_rows, few_rows_grid},
    {OpNumber::linear, DType::f16, "linear_many_rows_f16", many_rows, many_rows_grid},

    {OpNumber::rope, DType::f32, "turned_attention_f32", is_one_row_of_one_span,
     turned_attention_grid, nullptr, kTurnedAttention},
    {OpNumber::rope, DType::bf16, "turned_attention_bf16", is_one_row_of_one_span,
     turned_attention_grid, nullptr, kTurnedAttention},
    {OpNumber::rope, DType::f16, "turned_attention_f16", is_one_row_of_one_span,
     turned_attention_grid, nullptr, kTurnedAttention},
    {OpNumber::rope, DType::f32, "rope", always, rope_grid},
    {OpNumber::rope, DType::f32, "rope_append_f32", always, rope_grid, nullptr, kAppend},
    {OpNumber::rope, DType::bf16, "rope_append_bf16", always, rope_grid, nullptr, kAppend},
    {OpNumber::rope, DType::f16, "rope_append_f16", always, rope_grid, nullptr, kAppend},

    {OpNumber::append_rows, DType::f32, "append_rows_f32", always, input_pieces},
    {OpNumber::append_rows, DType::bf16, "append_rows_bf16", always, input_pieces},
    {OpNumber::append_rows, DType::f16, "append_rows_f16", always, input_pieces},

    {OpNumber::attention, DType::f32, "attention_f32", is_whole, attention_grid},
    {OpNumber::attention, DType::f32, "attention_spans_f32", is_split, attention_spans_grid,
     attention_scratch_bytes},
    {OpNumber::attention, DType::f32, "attention_join_f32", is_split, attention_grid,
     attention_scratch_bytes},
    {OpNumber::attention, DType::bf16, "attention_bf16", is_whole, attention_grid},
    {OpNumber::attention, DType::bf16, "attention_spans_bf16", is_split, attention_spans_grid,
     attention_scratch_bytes},
    {OpNumber::attention, DType::bf16, "attention_join_bf16", is_split, attention_grid,
     attention_scratch_bytes},
    {OpNumber::attention, DType::f16, "attention_f16", is_whole, attention_grid},
    {OpNumber::attention, DType::f16, "attention_spans_f16", is_split, attention_spans_grid,
     attention_scratch_bytes},
    {OpNumber::attention, DType::f16, "attention_join_f16", is_split, attention_grid,
     attention_scratch_bytes},

    {OpNumber::swiglu, DType::f32, "swiglu", always, output_pieces},

    {OpNumber::add, DType::f32, "add_f32", always, output_pieces},
    {OpNumber::add, DType::bf16, "add_bf16", always, output_pieces},
    {OpNumber::add, DType::f16, "add_f16", always, output_pieces},

    {OpNumber::select_rows, DType::f32, "select_rows_norm_f32", always, output_rows, nullptr,
     kNorm},
    {OpNumber::select_rows, DType::bf16, "select_rows_norm_bf16", always, output_rows, nullptr,
     kNorm},
    {OpNumber::select_rows, DType::f16, "select_rows_norm_f16", always, output_rows, nullptr,
     kNorm},
    {OpNumber::select_rows, DType::f32, "select_rows", always, output_row_pieces},

    {OpNumber::top_logits, DType::f32, "top_logits_lanes", few_logit_rows, top_logits_grid<32>,
     top_logits_scratch_bytes},
    {OpNumber::top_logits, DType::f32, "top_logits_terms", few_logit_rows, top_logits_grid<128>,
     top_logits_scratch_bytes},
    {OpNumber::top_logits, DType::f32, "top_logits_best", few_logit_rows, top_logits_grid<32>,
     top_logits_scratch_bytes},
    {OpNumber::top_logits, DType::f32, "top_logits_many_rows", many_logit_rows, input_rows},

    {OpNumber::conv1d, DType::f32, "conv1d_f32", always, output_pieces},
    {OpNumber::conv1d, DType::bf16, "conv1d_bf16", always, output_pieces},
    {OpNumber::conv1d, DType::f16, "conv1d_f16", always, output_pieces},

    {OpNumber::conv2d, DType::f32, "conv2d_f32", always, output_pieces},
    {OpNumber::conv2d, DType::bf16, "conv2d_bf16", always, output_pieces},
    {OpNumber::conv2d, DType::f16, "conv2d_f16", always, output_pieces},

    {OpNumber::pool2d, DType::f32, "pool2d", always, output_pieces},

    {OpNumber::channel_affine, DType::f32, "channel_affine_f32", always, output_pieces},
    {OpNumber::channel_affine, DType::bf16, "channel_affine_bf16", always, output_pieces},
    {OpNumber::channel_affine, DType::f16, "channel_affine_f16", always, output_pieces},

    {OpNumber::layer_norm, DType::f32, "layer_norm_f32", always, input_rows},
    {OpNumber::layer_norm, DType::bf16, "layer_norm_bf16", always, input_rows},
    {OpNumber::layer_norm, DType::f16, "layer_norm_f16", always, input_rows},

    {OpNumber::unary, DType::f32, "unary", always, output_pieces},

    {OpNumber::softmax, DType::f32, "softmax", always, softmax_grid},

    {OpNumber::multiply, DType::f32, "multiply_f32", always, output_pieces},
    {OpNumber::multiply, DType::bf16, "multiply_bf16", always, output_pieces},
    {OpNumber::multiply, DType::f16, "multiply_f16", always, output_pieces},

    {OpNumber::slice, DType::f32, "slice", always, output_pieces},

    {OpNumber::lstm_cell, DType::f32, "lstm_cell_f32", always, lstm_cell_grid},
    {OpNumber::lstm_cell, DType::bf16, "lstm_cell_bf16", always, lstm_cell_grid},
    {OpNumber::lstm_cell, DType::f16, "lstm_cell_f16", always, lstm_cell_grid},

    {OpNumber::convert, DType::f32, "convert", always, output_pieces},
};

}  // namespace

Grid Grid::items(std::uint64_t count) {
  constexpr std::uint64_t kMostLines = std::numeric_limits<std::uint32_t>::max();
  const std::uint64_t lines = std::clamp<std::uint64_t>(blocks_of(count, kMost), 1, kMostLines);
  return {static_cast<std::uint32_t>(std::min<std::uint64_t>(count, kMost)),
          static_cast<std::uint32_t>(lines), 1};
}

std::span<const Kernel> all_kernels() {
  return kKernels;
}

}  // namespace driftwood::device::kernels
