#include "support/allocations.h"

#if defined(__APPLE__)
#include <malloc/malloc.h>
#else
#include <malloc.h>
#endif

#include <algorithm>
#include <cstdlib>
#include <new>

namespace {

// Pieces may go back on another thread than they came from; the counts are of the difference.
thread_local std::int64_t held_bytes = 0;
thread_local std::int64_t peak_held_bytes = 0;
thread_local std::uint64_t largest_piece_bytes = 0;

std::size_t size_of(void* piece) {
#if defined(__APPLE__)
  return ::malloc_size(piece);
#else
  return ::malloc_usable_size(piece);
#endif
}

// An aligned piece keeps others from about as many bytes as it is aligned to.
void* count(void* piece, std::size_t alignment) {
  if (piece == nullptr) return nullptr;
  const std::size_t bytes = std::max(size_of(piece), alignment);
  held_bytes += static_cast<std::int64_t>(bytes);
  peak_held_bytes = std::max(peak_held_bytes, held_bytes);
  largest_piece_bytes = std::max<std::uint64_t>(largest_piece_bytes, bytes);
  return piece;
}

void give_back(void* piece, std::size_t alignment) noexcept {
  if (piece == nullptr) return;
  held_bytes -= static_cast<std::int64_t>(std::max(size_of(piece), alignment));
  std::free(piece);
}

void* take(std::size_t size) noexcept {
  return count(std::malloc(std::max<std::size_t>(size, 1)), 0);
}

void* take(std::size_t size, std::align_val_t alignment) noexcept {
  const auto step = static_cast<std::size_t>(alignment);
  return count(std::aligned_alloc(step, (std::max<std::size_t>(size, 1) + step - 1) / step * step),
               step);
}

void* or_throw(void* piece) {
  if (piece == nullptr) throw std::bad_alloc();
  return piece;
}

}  // namespace

// The forms that the standard's others call.
void* operator new(std::size_t size) {
  return or_throw(take(size));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return take(size);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return or_throw(take(size, alignment));
}
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return take(size, alignment);
}
void operator delete(void* piece) noexcept {
  give_back(piece, 0);
}
void operator delete(void* piece, std::size_t) noexcept {
  give_back(piece, 0);
}
void operator delete(void* piece, std::align_val_t alignment) noexcept {
  give_back(piece, static_cast<std::size_t>(alignment));
}
void operator delete(void* piece, std::size_t, std::align_val_t alignment) noexcept {
  give_back(piece, static_cast<std::size_t>(alignment));
}

namespace driftwood::test {

Allocations::Allocations() : begin_bytes_(held_bytes) {
  peak_held_bytes = held_bytes;
  largest_piece_bytes = 0;
}

std::uint64_t Allocations::peak_bytes() const {
  return static_cast<std::uint64_t>(peak_held_bytes - begin_bytes_);
}

std::uint64_t Allocations::largest_bytes() const {
  return largest_piece_bytes;
}

}  // namespace driftwood::test
