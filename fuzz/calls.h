// Messages for the guest of interpreter.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "driftwood.h"
#include "support/sample_programs.h"

namespace driftwood::fuzz {

using Bytes = std::vector<std::uint8_t>;

// A list of calls as interpreter.cpp reads it.
class Calls {
 public:
  Calls& call(std::uint8_t import) {
    bytes_.push_back(import);
    return *this;
  }
  Calls& number(std::uint32_t value) { return put(0, value, 4); }
  Calls& in_message(std::uint32_t offset) { return put(1, offset, 2); }
  Calls& small(std::uint32_t value) { return put(2, value, 1); }
  Calls& result(std::uint32_t call) { return put(3, call, 1); }
  Calls& returns(std::int8_t next) {
    bytes_.push_back(0x80);
    bytes_.push_back(static_cast<std::uint8_t>(next));
    return *this;
  }
  // The calls, then data at an offset.
  Bytes with_data(std::size_t offset, const Bytes& data) const {
    Bytes bytes = bytes_;
    bytes.resize(offset);
    bytes.insert(bytes.end(), data.begin(), data.end());
    return bytes;
  }

 private:
  Calls& put(std::uint8_t kind, std::uint32_t value, int byte_count) {
    bytes_.push_back(kind);
    for (int i = 0; i < byte_count; ++i)
      bytes_.push_back(static_cast<std::uint8_t>(value >> 8 * i));
    return *this;
  }
  Bytes bytes_;
};

// The places in interpreter.cpp's table.
enum Import : std::uint8_t {
  kLog = 1,
  kErrorText = 2,
  kModelOpen = 3,
  kModelConfig = 4,
  kTokensEncode = 6,
  kTokensDecode = 7,
  kWindowShare = 8,
  kStateAppend = 9,
  kStateLength = 10,
  kStateTruncate = 11,
  kRelease = 12,
  kGraphCompile = 13,
  kGraphBind = 14,
  kGraphStart = 15,
  kMessageRead = 17,
  kOutputWrite = 18,
  kStateRegister = 21
};

inline void append_words(Bytes& bytes, const std::vector<std::uint32_t>& words) {
  for (const std::uint32_t word : words) {
    for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<std::uint8_t>(word >> 8 * i));
  }
}

// The guest shares the pages of its message; what runs compute on lies behind the calls and data.
inline constexpr std::uint32_t kSharedBytes = 65536, kOperands = 32768;

// A run of the addition, with its handles released while it goes on.
inline Bytes addition_run() {
  constexpr std::uint32_t kData = 128;
  const Bytes program = test::addition().encode();
  Bytes data;
  append_words(data, {DW_SLOT_WINDOW, 0, 2, kOperands, DW_SLOT_WINDOW, 1, 2, kOperands + 64});
  const auto program_at = static_cast<std::uint32_t>(kData + data.size());
  data.insert(data.end(), program.begin(), program.end());
  Calls run;
  run.call(kGraphCompile)
      .small(0)
      .in_message(program_at)
      .number(static_cast<std::uint32_t>(program.size()))
      .call(kWindowShare)
      .in_message(0)
      .number(kSharedBytes)
      .small(DW_READ_WRITE)
      .call(kGraphBind)
      .result(0)
      .in_message(kData)
      .small(2)
      .call(kGraphStart)
      .result(0)
      .small(0)
      .small(0)
      .returns(DW_NEXT_RUN)
      .call(kRelease)
      .result(0)
      .call(kRelease)
      .result(1)
      .returns(DW_NEXT_CONTINUE)
      .call(kErrorText)
      .in_message(60000)
      .small(255)
      .returns(DW_NEXT_IDLE);
  return run.with_data(kData, data);
}

// Two runs of a program with weights and registers, the second with what the first one left.
inline Bytes recurrence_runs() {
  constexpr std::uint32_t kData = 128;
  // Handles are counted from 1: model, graph, window, and the registers, which are the last.
  constexpr std::uint32_t kWindowHandle = 3, kHandleH = 4, kHandleC = 5;
  Bytes data;
  append_words(data, {DW_F32, 3, 1, 2, 1, 0});
  const auto bindings_at = static_cast<std::uint32_t>(kData + data.size());
  append_words(data, {DW_SLOT_WINDOW, 0, kWindowHandle, kOperands});
  append_words(data, {DW_SLOT_WINDOW, 1, kWindowHandle, kOperands + 64});
  append_words(data, {DW_SLOT_REGISTER, 0, kHandleH, 0, DW_SLOT_REGISTER, 1, kHandleC, 0});
  const auto program_at = static_cast<std::uint32_t>(kData + data.size());
  const Bytes program = test::small_recurrence().encode();
  data.insert(data.end(), program.begin(), program.end());
  Calls calls;
  calls.call(kModelOpen).small(0);
  calls.call(kGraphCompile)
      .result(0)
      .in_message(program_at)
      .number(static_cast<std::uint32_t>(program.size()));
  calls.call(kWindowShare).in_message(0).number(kSharedBytes).small(DW_READ_WRITE);
  calls.call(kStateRegister).in_message(kData).call(kStateRegister).in_message(kData);
  calls.call(kGraphBind).result(1).in_message(bindings_at).small(4);
  for (int run = 0; run < 2; ++run) {
    calls.call(kGraphStart).result(1).small(0).small(0).returns(DW_NEXT_RUN);
  }
  calls.call(kRelease).result(3).returns(DW_NEXT_IDLE);
  return calls.with_data(kData, data);
}

}  // namespace driftwood::fuzz
