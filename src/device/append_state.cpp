#include "device/append_state.h"

#include <algorithm>
#include <utility>

#include "core/arithmetic.h"
#include "device/device.h"
#include "device/state_bytes.h"

namespace driftwood::device {
namespace {

Result<void> check_count(const char* what, std::uint32_t count, std::uint32_t most) {
  if (count == 0 || count > most) {
    return fail(ErrorCode::invalid_argument, "State {} ({}) is not between 1 and {}.", what, count,
                most);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<AppendState>> AppendState::create(Device& device, AppendStateShape shape) {
  using tensor::DType;
  if (shape.dtype != DType::f32 && shape.dtype != DType::bf16 && shape.dtype != DType::f16) {
    return fail(ErrorCode::invalid_argument, "State dtype is {}, but must be f32, bf16 or f16.",
                tensor::name(shape.dtype));
  }
  DW_TRY(check_count("plane count", shape.plane_count, kMostPlanes));
  DW_TRY(check_count("head count", shape.head_count, kMostHeads));
  DW_TRY(check_count("head dimension", shape.head_dim, kMostDim));
  DW_TRY(check_count("row limit", shape.most_rows, kMostRows));
  return std::unique_ptr<AppendState>(new AppendState(device, shape));
}

std::uint64_t AppendState::blocks_of(std::uint64_t rows) {
  return round_up(rows, kBlockRows) / kBlockRows;
}

std::uint64_t AppendState::plane_bytes() const {
  return std::uint64_t{shape_.head_count} * kBlockRows * shape_.head_dim *
         tensor::size_bytes(shape_.dtype);
}

std::uint64_t AppendState::block_bytes() const {
  return plane_bytes() * shape_.plane_count;
}

Result<void> AppendState::check_idle(std::string_view what) const {
  if (!in_flight_) return {};
  return fail(ErrorCode::invalid_argument,
              "A state cannot be {} while a run that appends to it is in flight.", what);
}

Result<void> AppendState::truncate(std::uint32_t length_rows) {
  DW_TRY(check_idle("truncated"));
  if (length_rows > length_rows_) {
    return fail(ErrorCode::invalid_argument,
                "Truncation to {} rows is above the state's length ({} rows).", length_rows,
                length_rows_);
  }
  length_rows_ = length_rows;
  tokens_.resize(std::min<std::size_t>(tokens_.size(), length_rows));
  return {};
}

Result<void> AppendState::name_tokens(std::uint32_t first, std::span<const std::int32_t> ids) {
  if (first > tokens_.size()) {
    return fail(ErrorCode::invalid_argument,
                "Tokens are named from row {} on, but those of the rows from {} on are not.", first,
                tokens_.size());
  }
  if (ids.size() > shape_.most_rows || first > shape_.most_rows - ids.size()) {
    return fail(ErrorCode::invalid_argument,
                "Tokens are named of {} rows from {} on, but the state has at most {}.", ids.size(),
                first, shape_.most_rows);
  }
  tokens_.resize(std::max(tokens_.size(), first + ids.size()));
  std::ranges::copy(ids, tokens_.begin() + first);
  return {};
}

Result<std::unique_ptr<AppendState>> AppendState::fork() const {
  DW_TRY(check_idle("forked"));
  std::unique_ptr<AppendState> copy(new AppendState(*device_, shape_));
  copy->blocks_.assign(blocks_.begin(), blocks_.begin() + blocks_of(length_rows_));
  copy->length_rows_ = length_rows_;
  copy->tokens_ = tokens_;
  return copy;
}

Result<void> AppendState::load(std::uint32_t rows, std::span<const std::byte> bytes) {
  // Fits: a state has fewer than 2^21 blocks, and a block fewer than 2^39 bytes.
  const std::uint64_t expected_bytes = blocks_of(rows) * block_bytes();
  if (rows <= shape_.most_rows && bytes.size() != expected_bytes) {
    return fail(ErrorCode::invalid_argument, "{} rows of this state take {} bytes, not {}.", rows,
                expected_bytes, bytes.size());
  }
  return load(rows, [&](std::size_t i, std::span<std::byte> to) -> Result<void> {
    std::ranges::copy(bytes.subspan(i * block_bytes(), block_bytes()), to.begin());
    return {};
  });
}

Result<void> AppendState::load(std::uint32_t rows, const ReadBlock& read_block) {
  DW_TRY(check_idle("loaded"));
  if (length_rows_ > 0) {
    return fail(ErrorCode::invalid_argument,
                "Only an empty state can be loaded, but this one has {} rows.", length_rows_);
  }
  if (rows > shape_.most_rows) {
    return fail(ErrorCode::limit, "The rows to load ({}) are over the state's limit ({}).", rows,
                shape_.most_rows);
  }
  std::vector<std::shared_ptr<Buffer>> blocks;
  std::vector<std::byte> passing;  // where the host cannot reach the block
  for (std::size_t i = 0; i < blocks_of(rows); ++i) {
    DW_TRY_ASSIGN(auto block, device_->allocate_unfilled(block_bytes()));
    if (block->contents() != nullptr) {
      DW_TRY(read_block(i, {block->contents(), block_bytes()}));
    } else {
      passing.resize(block_bytes());
      DW_TRY(read_block(i, passing));
      DW_TRY(write_state(*device_, {block.get(), 0}, passing));
    }
    blocks.push_back(std::move(block));
  }
  blocks_ = std::move(blocks);
  length_rows_ = rows;
  return {};
}

Result<void> AppendState::read_block(std::size_t i, std::span<std::byte> bytes) const {
  DW_TRY(check_idle("read"));
  if (i >= blocks_of(length_rows_)) {
    return fail(ErrorCode::invalid_argument,
                "Block {} has no live rows, since the state has {} rows.", i, length_rows_);
  }
  if (bytes.size() != block_bytes()) {
    return fail(ErrorCode::invalid_argument, "A block of this state takes {} bytes, not {}.",
                block_bytes(), bytes.size());
  }
  DW_TRY(read_state(*device_, {blocks_[i].get(), 0}, bytes));
  const std::uint64_t live_rows =
      std::min<std::uint64_t>(length_rows_ - i * kBlockRows, kBlockRows);
  const std::uint64_t row_bytes = shape_.head_dim * tensor::size_bytes(shape_.dtype);
  const std::uint64_t live_bytes = live_rows * row_bytes, head_bytes = kBlockRows * row_bytes;
  for (; !bytes.empty(); bytes = bytes.subspan(head_bytes)) {
    std::ranges::fill(bytes.subspan(live_bytes, head_bytes - live_bytes), std::byte{0});
  }
  return {};
}

Result<std::shared_ptr<Buffer>> AppendState::replacement(std::size_t i) const {
  if (i * kBlockRows >= length_rows_) return device_->allocate(block_bytes());
  DW_TRY_ASSIGN(auto block, device_->allocate_unfilled(block_bytes()));
  DW_TRY(device_->copy({blocks_[i].get(), 0}, {block.get(), 0}, block_bytes()));
  return block;
}

Result<void> AppendState::begin_append(std::uint64_t rows) {
  if (in_flight_) {
    return fail(ErrorCode::invalid_argument,
                "The state belongs to a run that is in flight, or is bound twice.");
  }
  if (rows > shape_.most_rows - length_rows_) {
    return fail(ErrorCode::limit,
                "State length ({} rows) plus {} new rows is over its limit ({} rows).",
                length_rows_, rows, shape_.most_rows);
  }
  if (rows > 0) {
    // The run writes into blocks from this one on.
    const std::size_t first = length_rows_ / kBlockRows;
    std::vector<std::shared_ptr<Buffer>> own;
    for (std::size_t i = first; i < blocks_of(length_rows_ + rows); ++i) {
      const bool is_own = i < blocks_.size() && blocks_[i].use_count() == 1;
      if (is_own) {
        own.push_back(nullptr);
      } else {
        DW_TRY_ASSIGN(auto block, replacement(i));
        own.push_back(std::move(block));
      }
    }
    blocks_.resize(std::max(blocks_.size(), first + own.size()));
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (own[i] != nullptr) blocks_[first + i] = std::move(own[i]);
    }
  }
  pending_rows_ = static_cast<std::uint32_t>(rows);
  in_flight_ = true;
  return {};
}

void AppendState::end_append(bool succeeded) {
  if (succeeded) length_rows_ += pending_rows_;
  pending_rows_ = 0;
  in_flight_ = false;
}

}  // namespace driftwood::device
