// An append state: rows that a sequence adds and never changes, such as a KV cache. It lives with
// the device and belongs to one actor; the guest holds a handle.
//
// Layout: a table of blocks of kBlockRows rows. One block holds these rows of all planes together,
// each
//   plane as [heads][kBlockRows][dim]; for a KV cache, K of layer l is plane 2l and V is plane
//   2l+1. Kernels reach a block through the table, so rows never move when the state grows.
//   A fork shares the blocks; whichever state is to write into a shared one gets its own before.
// Lifetime: blocks are buffers of the device that made the state, and the device outlives it.
// Threads: those of the device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "device/buffer.h"
#include "tensor/dtype.h"

namespace driftwood::device {

class Device;

struct AppendStateShape {
  tensor::DType dtype;  // f32, bf16 or f16
  std::uint32_t plane_count;
  std::uint32_t head_count;
  std::uint32_t head_dim;
  std::uint32_t most_rows;  // the state refuses to grow past this

  friend bool operator==(const AppendStateShape&, const AppendStateShape&) = default;
};

class AppendState {
 public:
  static constexpr std::uint32_t kBlockRows = 16;
  static constexpr std::uint32_t kMostPlanes = 4096;
  static constexpr std::uint32_t kMostHeads = 1024;
  static constexpr std::uint32_t kMostDim = 1024;
  static constexpr std::uint32_t kMostRows = 1 << 24;

  // An empty state. Errors: invalid_argument for a dtype or count outside the limits above.
  static Result<std::unique_ptr<AppendState>> create(Device& device, AppendStateShape shape);

  // How many blocks so many rows take.
  static std::uint64_t blocks_of(std::uint64_t rows);

  const AppendStateShape& shape() const { return shape_; }
  std::uint32_t length_rows() const { return length_rows_; }

  // Bytes of one block, and of one plane within it.
  std::uint64_t block_bytes() const;
  std::uint64_t plane_bytes() const;

  // Block i covers rows [i * kBlockRows, (i + 1) * kBlockRows). Present at least for all live rows
  // and for those of a run in flight.
  Buffer& block(std::size_t i) const { return *blocks_[i]; }
  std::size_t block_count() const { return blocks_.size(); }

  // Drops the rows from `length_rows` on; their blocks stay for rows to come. Errors:
  // invalid_argument above the present length or while a run is in flight.
  Result<void> truncate(std::uint32_t length_rows);

  // Ids of the tokens that the first rows stand for, one each; live or to become so. Nothing
  // computes with them. A fork has them too, and truncate() drops those of its rows.
  std::span<const std::int32_t> tokens() const { return tokens_; }
  // Sets those from row `first` on. Errors: invalid_argument when a row before them has none, or
  // past most_rows.
  Result<void> name_tokens(std::uint32_t first, std::span<const std::int32_t> ids);

  // A state with the same live rows, for as many blocks of new memory as it comes to write. Each
  // goes on as if it were alone. Errors: invalid_argument while a run is in flight.
  Result<std::unique_ptr<AppendState>> fork() const;

  // Makes an empty state hold `rows` rows: their blocks one after the other, [blocks, planes,
  // heads, kBlockRows, dim], and what lies in the last one's rows from `rows` on does not matter.
  // On failure the state stays empty. Errors: invalid_argument for a state that has rows or a run
  // in flight, or bytes that are not those of as many blocks; limit above most_rows; out_of_memory.
  Result<void> load(std::uint32_t rows, std::span<const std::byte> bytes);

  // The same from wherever `read_block` has them: it fills in one block at a time, in order, and
  // its errors are passed on.
  using ReadBlock = std::function<Result<void>(std::size_t i, std::span<std::byte> to)>;
  Result<void> load(std::uint32_t rows, const ReadBlock& read_block);

  // The bytes of block i as load() takes them, [planes, heads, kBlockRows, dim], rows that are not
  // live being zero. Errors: invalid_argument while a run is in flight, for a block without live
  // rows, or for other than block_bytes() bytes.
  Result<void> read_block(std::size_t i, std::span<std::byte> bytes) const;

 private:
  friend class Device;  // reserves before a run, commits after it

  AppendState(Device& device, AppendStateShape shape) : device_(&device), shape_(shape) {}

  Result<void> check_idle(std::string_view what) const;

  // A block of this state's own in place of one that is shared, with the live rows that are in it.
  Result<std::shared_ptr<Buffer>> replacement(std::size_t i) const;

  // Makes blocks for `rows` more rows, none of them shared, and marks the state as in flight. On
  // failure the state is as it was.
  // Errors: limit above most_rows; out_of_memory; invalid_argument while a run is in flight.
  Result<void> begin_append(std::uint64_t rows);
  // Ends the run: its rows become live, or the state stays as it was.
  void end_append(bool succeeded);

  Device* device_;
  AppendStateShape shape_;
  std::vector<std::shared_ptr<Buffer>> blocks_;
  std::vector<std::int32_t> tokens_;
  std::uint32_t length_rows_ = 0;
  std::uint32_t pending_rows_ = 0;
  bool in_flight_ = false;
};

}  // namespace driftwood::device
