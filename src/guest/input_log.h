// Everything that reached one guest from outside and is no pure function of its own calls, in
// order: what another host needs to have the same guest do the same again, bit for bit.
//
// Layout: records one after the other, each u32 kind, u32 size, then so many bytes, little-endian.
//   message      the bytes of the message, which the guest gets when it is idle next
//   random       u64 that random_seed gave
//   time         u64 that now gave
//   event        u64 number of the call of driftwood_resume, i32 event, i32 status, sentence:
//                an event other than the one that follows from the call before, and a run that
//                failed
// What follows from the call before is not written: run_done with status 0, continue, and message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/error.h"

namespace driftwood::guest {

struct InputMessage {
  std::string text;
};
struct InputRandom {
  std::uint64_t bits;
};
struct InputTime {
  std::uint64_t ns;
};
struct InputEvent {
  std::uint64_t call;  // of driftwood_resume, from 1
  std::int32_t event;
  std::int32_t status;  // 0 or a DW_E_* code
  std::string text;     // the sentence of the status
};
using Input = std::variant<InputMessage, InputRandom, InputTime, InputEvent>;

class InputLog {
 public:
  InputLog() : InputLog(std::vector<std::byte>()) {}
  // One that goes on behind these bytes. Precondition: check_inputs() has accepted them.
  explicit InputLog(std::vector<std::byte> bytes)
      : bytes_(std::make_shared<std::vector<std::byte>>(std::move(bytes))) {}

  void message(std::string_view text);
  void random(std::uint64_t bits);
  void time(std::uint64_t ns);
  void event(const InputEvent& event);

  std::span<const std::byte> bytes() const { return *bytes_; }

 private:
  void begin(std::uint32_t kind, std::uint64_t size_bytes);
  void append(const void* from, std::size_t size_bytes);

  std::shared_ptr<std::vector<std::byte>> bytes_;  // shared by copies until one of them adds
};

// Whether the bytes are records. Errors: corrupt, with the record and what is wrong with it.
Result<void> check_inputs(std::span<const std::byte> bytes);

// The records. Errors: as check_inputs().
Result<std::vector<Input>> read_inputs(std::span<const std::byte> bytes);

}  // namespace driftwood::guest
