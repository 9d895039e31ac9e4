#include "actor/freeze.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "actor/frozen_file.h"
#include "core/checksum.h"
#include "guest/abi.h"
#include "guest/compile_program.h"

namespace driftwood::actor {
namespace {

using device::AppendState;
using frozen::Descriptor;
using tensor::DType;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

bool is_zero(std::span<const std::byte, frozen::kPageBytes> page) {
  // Each byte is equal to the one before it.
  return page[0] == std::byte{0} && std::memcmp(page.data(), page.data() + 1, page.size() - 1) == 0;
}

std::vector<std::optional<frozen::Place>> places_of(const guest::Snapshot::Graph& graph) {
  std::vector<std::optional<frozen::Place>> places;
  for (const auto& bound : graph.windows) {
    places.push_back(bound.window ? std::optional(frozen::Place{*bound.window, bound.offset_bytes})
                                  : std::nullopt);
  }
  return places;
}

Descriptor describe_guest(const guest::Snapshot& guest) {
  Descriptor d;
  d.started = guest.started;
  d.finished = guest.finished;
  d.calls = guest.calls;
  d.memory_bytes = guest.memory_bytes;
  d.rows = guest.rows;
  d.clock_ns = guest.clock_ns;
  d.last_handle = guest.last_handle;
  d.last_run = guest.last_run;
  d.log_bytes = guest.log_bytes;
  d.error_text = {guest.error_text};
  d.standard_output = {guest.standard_output};
  d.standard_error = {guest.standard_error};
  if (guest.message) d.message = frozen::Text{*guest.message};
  for (const guest::Global& global : guest.globals) {
    d.globals.push_back({global.index, std::string(frozen::type_name(global.type))});
  }
  for (const memory::WindowRange& window : guest.windows) {
    d.windows.push_back({window.offset_bytes, window.size_bytes, window.access});
  }
  for (const auto& state : guest.states) {
    d.states.push_back({state->length_rows(), state->shape().most_rows});
  }
  d.registers = static_cast<std::uint32_t>(guest.registers.size());
  for (const guest::Snapshot::Handle& handle : guest.handles) {
    d.handles.push_back({handle.number, handle.kind, handle.index});
  }
  return d;
}

void describe_actor(const Snapshot& snapshot, Descriptor& d) {
  d.options = snapshot.options_json;
  d.next = snapshot.next;
  if (!snapshot.outcome) {
    d.outcome =
        frozen::Failure{snapshot.outcome.error().code(), {snapshot.outcome.error().message()}};
  }
  d.in_message = snapshot.in_message;
  d.end_told = snapshot.end_told;
  d.cancelled = snapshot.cancelled;
  d.left_ns = snapshot.left_ns;
  for (const Snapshot::Message& message : snapshot.mailbox) {
    d.mailbox.push_back({{message.text}, message.left_ns});
  }
  d.output_position = snapshot.output_position;
  for (const std::string& record : snapshot.output) d.output.push_back({record});
}

void describe_surroundings(const Actor& actor, const guest::Module& module, Descriptor& d) {
  const guest::Services& services = actor.services();
  d.abi_version = DW_ABI_VERSION;
  d.numerics = services.device->capabilities().numerics;
  d.module = {model::hexadecimal(module.sha256()), module.wasm().size()};
  if (services.model != nullptr) d.model = services.model->fingerprint();
}

}  // namespace

Result<std::unique_ptr<Frozen>> Frozen::make(const Actor& actor, const FreezeOptions& options) {
  std::unique_ptr<Frozen> frozen(new Frozen());
  DW_TRY_ASSIGN(frozen->snapshot_, actor.snapshot());
  DW_TRY(frozen->lay_out(actor, options));
  return frozen;
}

std::uint64_t Frozen::identity() const {
  return xxh3(std::as_bytes(std::span(checksums_)));
}

Result<void> Frozen::lay_out(const Actor& actor, const FreezeOptions& options) {
  const guest::Module& module = *snapshot_.module;
  Descriptor descriptor = describe_guest(snapshot_.guest);
  describe_actor(snapshot_, descriptor);
  describe_surroundings(actor, module, descriptor);
  state_rows_ = descriptor.state_rows();
  DW_TRY(add_states());
  DW_TRY(add_tokens());
  DW_TRY(add_registers());
  DW_TRY(add_memory());
  DW_TRY(add_globals());
  DW_TRY(add_programs(actor.services().model.get(), descriptor));
  if (!options.thin) {
    const Bytes wasm = module.wasm();
    DW_TRY(add(std::string(frozen::kModule), DType::u8, {wasm.size()}, {&wasm, 1}));
  }
  const Bytes inputs = snapshot_.guest.inputs.bytes();
  DW_TRY(add(std::string(frozen::kInputLog), DType::u8, {inputs.size()}, {&inputs, 1}));
  DW_TRY(add_description(descriptor));
  DW_TRY_ASSIGN(file_, std::move(writer_).finish());
  return {};
}

Result<void> Frozen::add(std::string name, DType dtype, tensor::Shape shape,
                         std::span<const Bytes> parts,
                         format::SafetensorsWriter::Alignment alignment) {
  sums_[name] = xxh3(parts);
  return writer_.add(std::move(name), dtype, std::move(shape), parts, alignment);
}

std::span<std::byte> Frozen::keep(std::size_t size_bytes) {
  return kept_.emplace_back(size_bytes);
}

Result<void> Frozen::add_states() {
  std::uint64_t all_blocks = 0;
  for (const auto& state : snapshot_.guest.states) {
    all_blocks += AppendState::blocks_of(state->length_rows());
  }
  DW_TRY(frozen::check_block_count(all_blocks));
  for (std::size_t n = 0; n < snapshot_.guest.states.size(); ++n) {
    const AppendState& state = *snapshot_.guest.states[n];
    const device::AppendStateShape& shape = state.shape();
    const std::uint64_t rows = state.length_rows();
    const std::uint64_t blocks = AppendState::blocks_of(rows);
    std::vector<Bytes> parts;
    for (std::size_t i = 0; i < blocks; ++i) {
      const std::byte* const in_place = state.block(i).contents();
      if (in_place != nullptr && rows - i * AppendState::kBlockRows >= AppendState::kBlockRows) {
        parts.emplace_back(in_place, state.block_bytes());
      } else {
        const std::span<std::byte> copy = keep(state.block_bytes());
        DW_TRY(state.read_block(i, copy));
        parts.push_back(copy);
      }
    }
    DW_TRY(
        add(fmt::format("state.{}", n), shape.dtype,
            {blocks, shape.plane_count, shape.head_count, AppendState::kBlockRows, shape.head_dim},
            parts, format::SafetensorsWriter::Alignment::mappable));
  }
  return {};
}

Result<void> Frozen::add_tokens() {
  for (std::size_t n = 0; n < snapshot_.guest.states.size(); ++n) {
    const AppendState& state = *snapshot_.guest.states[n];
    if (state.tokens().empty()) continue;
    const Bytes ids = std::as_bytes(state.tokens());
    DW_TRY(add(fmt::format("state.{}.tokens", n), DType::i32, {state.tokens().size()}, {&ids, 1}));
  }
  return {};
}

Result<void> Frozen::add_registers() {
  for (std::size_t n = 0; n < snapshot_.guest.registers.size(); ++n) {
    const device::RegisterState& state = *snapshot_.guest.registers[n];
    const std::span<std::byte> value = keep(state.value_bytes());
    DW_TRY(state.read(value));
    const Bytes part = value;
    DW_TRY(add(fmt::format("register.{}", n), state.dtype(), state.shape(), {&part, 1}));
  }
  return {};
}

// The pages that are not zero, in place; those that follow each other are one part.
Result<void> Frozen::add_memory() {
  const memory::Region& region = *snapshot_.guest.region;
  std::vector<Bytes> parts;
  for (const os::PageRange& range : region.touched_pages()) {
    const std::uint64_t end = range.offset_bytes + range.size_bytes;
    for (std::uint64_t at = range.offset_bytes; at < end; at += frozen::kPageBytes) {
      const std::span<const std::byte, frozen::kPageBytes> page(region.base() + at,
                                                                frozen::kPageBytes);
      if (is_zero(page)) continue;
      pages_.push_back(static_cast<std::uint32_t>(at / frozen::kPageBytes));
      if (!parts.empty() && parts.back().data() + parts.back().size() == page.data()) {
        parts.back() = {parts.back().data(), parts.back().size() + page.size()};
      } else {
        parts.push_back(page);
      }
    }
  }
  DW_TRY(add(std::string(frozen::kMemory), DType::u8, {pages_.size(), frozen::kPageBytes}, parts));
  const Bytes indices = std::as_bytes(std::span(pages_));
  return add(std::string(frozen::kMemoryPages), DType::u32, {pages_.size()}, {&indices, 1});
}

Result<void> Frozen::add_globals() {
  const auto& globals = snapshot_.guest.globals;
  const std::span<std::byte> all = keep(globals.size() * sizeof(guest::Global::bits));
  for (std::size_t i = 0; i < globals.size(); ++i) {
    std::ranges::copy(globals[i].bits, all.begin() + i * sizeof(guest::Global::bits));
  }
  const Bytes part = all;
  return add(std::string(frozen::kGlobals), DType::u8,
             {globals.size(), sizeof(guest::Global::bits)}, {&part, 1});
}

// Each program once, however many graphs were compiled from it.
Result<void> Frozen::add_programs(const model::Model* model, Descriptor& descriptor) {
  std::map<const device::Executable*, std::uint32_t> programs;
  for (const guest::Snapshot::Graph& graph : snapshot_.guest.graphs) {
    const auto [found, is_new] =
        programs.try_emplace(graph.executable.get(), static_cast<std::uint32_t>(programs.size()));
    if (is_new) {
      const Bytes encoded = graph.executable->program().encoded;
      DW_TRY(add(fmt::format("program.{}", found->second), DType::u8, {encoded.size()},
                 {&encoded, 1}));
    }
    descriptor.graphs.push_back({.program = found->second,
                                 .uses_model = guest::uses_model(*graph.executable, model),
                                 .windows = places_of(graph),
                                 .states = graph.states,
                                 .registers = graph.registers});
  }
  descriptor.programs = static_cast<std::uint32_t>(programs.size());
  return {};
}

Result<void> Frozen::add_description(const Descriptor& descriptor) {
  std::string json = frozen::to_json(descriptor, texts_);
  if (const auto fits = frozen::check_size(json, texts_.size()); !fits) {
    return pass_on(fits, "There is too much in its mailbox, message and output to be frozen");
  }
  const Bytes texts = bytes_of(texts_);
  DW_TRY(add(std::string(frozen::kTexts), DType::u8, {texts.size()}, {&texts, 1}));
  checksums_.push_back(xxh3(bytes_of(json)));
  for (const auto& [name, sum] : sums_) checksums_.push_back(sum);
  const Bytes checksums = std::as_bytes(std::span(checksums_));
  DW_TRY(writer_.add(std::string(frozen::kChecksums), DType::u64, {checksums_.size()}, checksums));
  writer_.set_metadata("format", std::string(frozen::kFormat));
  writer_.set_metadata("version", std::string(frozen::kVersion));
  writer_.set_metadata("actor", std::move(json));
  return {};
}

}  // namespace driftwood::actor
