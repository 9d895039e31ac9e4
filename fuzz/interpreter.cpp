// A guest that does what its message says: a list of calls of imports, with the arguments that
// stand there. So bytes from outside reach every import from real guest code.
//
// A call is one byte, the import's place in kImports, and its arguments. An argument is one byte
// that says how it is written, and
//   0: four bytes, the number      1: two bytes, an offset into the message's buffer
//   2: one byte, the number        3: one byte, the place of an earlier call whose result it is
// modulo 4. A call byte from 0x80 on ends the present call of the guest: the byte after it, signed,
// is what the guest returns. It goes on from there when it is called again.
#include <cstdint>

#include "driftwood.h"

namespace {

constexpr std::uint32_t kMostBytes = 1 << 16;
constexpr std::uint32_t kKeptResults = 16;

alignas(1 << 16) unsigned char message[kMostBytes];
std::uint32_t size_bytes = 0, at = 0, call_count = 0;
std::int32_t results[kKeptResults];

unsigned char next_byte() {
  return at < size_bytes ? message[at++] : 0;
}

std::uint32_t next_number(int byte_count) {
  std::uint32_t number = 0;
  for (int i = 0; i < byte_count; ++i) number |= std::uint32_t{next_byte()} << 8 * i;
  return number;
}

std::uint32_t next_argument() {
  switch (next_byte() % 4) {
    case 0:
      return next_number(4);
    case 1:
      return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(message)) + next_number(2);
    case 2:
      return next_number(1);
    default:
      return static_cast<std::uint32_t>(results[next_number(1) % kKeptResults]);
  }
}

// The import takes pointers; here they are numbers like the others.
template <typename T>
T as(std::uint32_t number) {
  if constexpr (requires { reinterpret_cast<T>(std::uintptr_t{number}); }) {
    return reinterpret_cast<T>(std::uintptr_t{number});
  } else {
    return static_cast<T>(number);
  }
}

template <auto kImport>
struct Call;

template <typename... Parameters, std::int32_t (*kImport)(Parameters...)>
struct Call<kImport> {
  static std::int32_t call() {
    std::uint32_t numbers[sizeof...(Parameters) + 1] = {};
    for (std::uint32_t i = 0; i < sizeof...(Parameters); ++i) numbers[i] = next_argument();
    std::uint32_t i = 0;
    // Braces: the arguments are taken from left to right.
    return Apply{as<Parameters>(numbers[i++])...}.result;
  }
  struct Apply {
    std::int32_t result;
    explicit Apply(Parameters... arguments) : result(kImport(arguments...)) {}
  };
};

constexpr std::int32_t (*kImports[])() = {
    Call<dw_abi_version>::call,    Call<dw_log>::call,           Call<dw_error_text>::call,
    Call<dw_model_open>::call,     Call<dw_model_config>::call,  Call<dw_model_weight>::call,
    Call<dw_tokens_encode>::call,  Call<dw_tokens_decode>::call, Call<dw_window_share>::call,
    Call<dw_state_append>::call,   Call<dw_state_length>::call,  Call<dw_state_truncate>::call,
    Call<dw_release>::call,        Call<dw_graph_compile>::call, Call<dw_graph_bind>::call,
    Call<dw_graph_start>::call,    Call<dw_graph_cancel>::call,  Call<dw_message_read>::call,
    Call<dw_output_write>::call,   Call<dw_random_seed>::call,   Call<dw_now>::call,
    Call<dw_state_register>::call, Call<dw_state_tokens>::call,
};

}  // namespace

std::int32_t driftwood_start() {
  return DW_NEXT_IDLE;
}

std::int32_t driftwood_resume(std::int32_t event, std::int32_t) {
  if (event == DW_EVENT_MESSAGE) {
    size_bytes = static_cast<std::uint32_t>(dw_message_read(message, sizeof message));
    if (size_bytes > sizeof message) size_bytes = sizeof message;
    at = 0;
  }
  while (at < size_bytes) {
    const unsigned char call = next_byte();
    if (call >= 0x80) return static_cast<signed char>(next_byte());
    const std::int32_t result = kImports[call % (sizeof kImports / sizeof kImports[0])]();
    results[call_count++ % kKeptResults] = result;
  }
  return DW_NEXT_IDLE;
}
