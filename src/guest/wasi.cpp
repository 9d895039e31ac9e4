// The minimal WASI, which libc and libc++ ask for: standard output and error go to the log, exit is
// a trap, there are no arguments and no environment, and the rest answers that it is not there.
// https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md
#include <array>

#include "guest/import_table.h"

namespace driftwood::guest {
namespace {

enum Errno : std::int32_t {
  kSuccess = 0,
  kBadDescriptor = 8,
  kFault = 21,
  kInvalid = 28,
  kNoMemory = 48,
  kNotSupported = 52
};

constexpr std::int32_t kStandardOutput = 1;
constexpr std::int32_t kStandardError = 2;

// Of one fd_write, since nothing interrupts an import. More bytes are left to the caller, as POSIX
// lets a write do.
constexpr std::uint32_t kMostVectors = 1024;
constexpr std::uint32_t kMostWrittenBytes = 64 * 1024;

struct IoVector {
  std::uint32_t pointer;
  std::uint32_t size;
};

// What libc reads to learn that standard output is like a terminal, and so to write after each
// line.
struct DescriptorStatus {
  std::uint8_t file_type = 2;  // a character device
  std::uint8_t padding[7] = {};
  std::uint64_t rights = 1 << 6;  // fd_write
  std::uint64_t inherited_rights = 0;
};
static_assert(sizeof(DescriptorStatus) == 24);

using Values = const wasmtime_val_raw_t*;

LogLines* stream_of(GuestState& guest, std::int32_t descriptor) {
  if (descriptor == kStandardOutput) return &guest.standard_output;
  if (descriptor == kStandardError) return &guest.standard_error;
  return nullptr;
}

std::uint32_t word(Values values, std::size_t i) {
  return static_cast<std::uint32_t>(values[i].i32);
}

std::int32_t fd_write(GuestState& guest, Values values) {
  LogLines* stream = stream_of(guest, values[0].i32);
  if (stream == nullptr) return kBadDescriptor;
  const std::uint32_t vectors = word(values, 1);
  const std::uint32_t vector_count = word(values, 2);
  const std::uint32_t out = word(values, 3);
  if (vector_count > kMostVectors) return kInvalid;
  if (!guest.memory.bytes(vectors, std::uint64_t{vector_count} * sizeof(IoVector))) return kFault;
  std::uint32_t written_bytes = 0;
  for (std::uint32_t i = 0; i < vector_count && written_bytes < kMostWrittenBytes; ++i) {
    const auto vector = guest.memory.read<IoVector>(vectors + i * sizeof(IoVector));
    if (!vector) return kFault;
    const auto text = guest.memory.text(vector->pointer, vector->size);
    if (!text) return kFault;
    const std::string_view taken = text->substr(0, kMostWrittenBytes - written_bytes);
    stream->append(taken);
    written_bytes += static_cast<std::uint32_t>(taken.size());
  }
  return guest.memory.write(out, written_bytes) ? kSuccess : kFault;
}

std::int32_t fd_fdstat_get(GuestState& guest, Values values) {
  if (stream_of(guest, values[0].i32) == nullptr) return kBadDescriptor;
  return guest.memory.write(word(values, 1), DescriptorStatus()) ? kSuccess : kFault;
}

// args_sizes_get and environ_sizes_get: no strings, of no bytes.
std::int32_t no_strings(GuestState& guest, Values values) {
  const bool written = guest.memory.write(word(values, 0), std::uint32_t{0}) &&
                       guest.memory.write(word(values, 1), std::uint32_t{0});
  return written ? kSuccess : kFault;
}

std::int32_t succeed(GuestState&, Values) {
  return kSuccess;
}
// libc takes this of fd_prestat_get as the end of the folders that it was given.
std::int32_t bad_descriptor(GuestState&, Values) {
  return kBadDescriptor;
}
std::int32_t not_supported(GuestState&, Values) {
  return kNotSupported;
}

template <std::int32_t (*kFunction)(GuestState&, Values)>
wasm_trap_t* call(void*, wasmtime_caller_t* caller, wasmtime_val_raw_t* values, std::size_t) {
  return run_import([&] { values[0].i32 = kFunction(calling_guest(caller), values); },
                    [&] { values[0].i32 = kNoMemory; });
}

wasm_trap_t* proc_exit(void*, wasmtime_caller_t*, wasmtime_val_raw_t* values, std::size_t) {
  std::array<char, 64> text;
  const auto end = fmt::format_to(text.data(), "it called proc_exit({})", values[0].i32);
  return wasmtime_trap_new(text.data(), static_cast<std::size_t>(end - text.data()));
}

constexpr Import give(std::string_view name, std::string_view parameters,
                      wasmtime_func_unchecked_callback_t function) {
  return {kWasiModule, name, parameters, "i", function};
}

constexpr std::array kWasiImports = {
    give("args_get", "ii", call<succeed>),
    give("args_sizes_get", "ii", call<no_strings>),
    give("clock_res_get", "ii", call<not_supported>),
    give("clock_time_get", "iIi", call<not_supported>),
    give("environ_get", "ii", call<succeed>),
    give("environ_sizes_get", "ii", call<no_strings>),
    give("fd_advise", "iIIi", call<bad_descriptor>),
    give("fd_allocate", "iII", call<bad_descriptor>),
    give("fd_close", "i", call<bad_descriptor>),
    give("fd_datasync", "i", call<bad_descriptor>),
    give("fd_fdstat_get", "ii", call<fd_fdstat_get>),
    give("fd_fdstat_set_flags", "ii", call<bad_descriptor>),
    give("fd_fdstat_set_rights", "iII", call<bad_descriptor>),
    give("fd_filestat_get", "ii", call<bad_descriptor>),
    give("fd_filestat_set_size", "iI", call<bad_descriptor>),
    give("fd_filestat_set_times", "iIIi", call<bad_descriptor>),
    give("fd_pread", "iiiIi", call<bad_descriptor>),
    give("fd_prestat_dir_name", "iii", call<bad_descriptor>),
    give("fd_prestat_get", "ii", call<bad_descriptor>),
    give("fd_pwrite", "iiiIi", call<bad_descriptor>),
    give("fd_read", "iiii", call<bad_descriptor>),
    give("fd_readdir", "iiiIi", call<bad_descriptor>),
    give("fd_renumber", "ii", call<bad_descriptor>),
    give("fd_seek", "iIii", call<bad_descriptor>),
    give("fd_sync", "i", call<bad_descriptor>),
    give("fd_tell", "ii", call<bad_descriptor>),
    give("fd_write", "iiii", call<fd_write>),
    give("path_create_directory", "iii", call<bad_descriptor>),
    give("path_filestat_get", "iiiii", call<bad_descriptor>),
    give("path_filestat_set_times", "iiiiIIi", call<bad_descriptor>),
    give("path_link", "iiiiiii", call<bad_descriptor>),
    give("path_open", "iiiiiIIii", call<bad_descriptor>),
    give("path_readlink", "iiiiii", call<bad_descriptor>),
    give("path_remove_directory", "iii", call<bad_descriptor>),
    give("path_rename", "iiiiii", call<bad_descriptor>),
    give("path_symlink", "iiiii", call<bad_descriptor>),
    give("path_unlink_file", "iii", call<bad_descriptor>),
    give("poll_oneoff", "iiii", call<not_supported>),
    Import{kWasiModule, "proc_exit", "i", "", proc_exit},
    give("random_get", "ii", call<not_supported>),
    give("sched_yield", "", call<succeed>),
    give("sock_accept", "iii", call<bad_descriptor>),
    give("sock_recv", "iiiiii", call<bad_descriptor>),
    give("sock_send", "iiiii", call<bad_descriptor>),
    give("sock_shutdown", "ii", call<bad_descriptor>),
};

}  // namespace

std::span<const Import> wasi_imports() {
  return kWasiImports;
}

}  // namespace driftwood::guest
