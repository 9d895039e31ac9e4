#include "actor/thaw.h"

#include <algorithm>
#include <map>
#include <utility>

#include "guest/abi.h"
#include "guest/compile_program.h"
#include "model/fingerprint.h"

namespace driftwood::actor {
namespace {

using device::AppendState;
using device::RegisterState;
using frozen::Descriptor;
using frozen::File;
using tensor::DType;

Result<void> check_module(const Descriptor& descriptor, const guest::Module& module) {
  const std::string given = model::hexadecimal(module.sha256());
  if (given == descriptor.module.sha256) return {};
  return fail(ErrorCode::invalid_argument,
              "The actor was frozen with another guest: its module has the SHA-256 {}, the one "
              "given has {}.",
              format::in_quotes(descriptor.module.sha256), given);
}

Result<void> check_model(const Descriptor& descriptor, const model::Model* model) {
  if (!descriptor.model) {
    if (model == nullptr) return {};
    return fail(ErrorCode::invalid_argument,
                "The actor was frozen without a model, but is given {}.", model->name);
  }
  if (model == nullptr) {
    return fail(
        ErrorCode::invalid_argument,
        "The actor needs the model that it was frozen with (weights {}), and is given none.",
        format::in_quotes(descriptor.model->weights));
  }
  const model::Fingerprint& given = model->fingerprint();
  const auto check = [&](std::string_view what, const std::string& frozen,
                         const std::string& has) -> Result<void> {
    if (frozen == has) return {};
    return fail(ErrorCode::invalid_argument,
                "The actor was frozen with another model: its {} have the SHA-256 {}, those of {} "
                "have {}.",
                what, format::in_quotes(frozen), model->name, has.empty() ? "none" : has);
  };
  DW_TRY(check("weights", descriptor.model->weights, given.weights));
  DW_TRY(check("settings (config.json, generation_config.json)", descriptor.model->config,
               given.config));
  return check("tokens (tokenizer.json)", descriptor.model->tokenizer, given.tokenizer);
}

// Makes the snapshot of one file.
class Loader {
 public:
  Loader(const File& file, const guest::Services& services)
      : file_(file), descriptor_(file.descriptor()), services_(services) {}

  Result<Snapshot> load(std::shared_ptr<const guest::Module> module) {
    Snapshot snapshot;
    snapshot.module = std::move(module);
    DW_TRY(file_.verify_checksums(File::Checked::small));
    DW_TRY(check_phase());
    set_actor(snapshot);
    set_guest(snapshot.guest);
    DW_TRY(load_globals(snapshot.guest));
    DW_TRY(load_states(snapshot.guest));
    DW_TRY(load_registers(snapshot.guest));
    DW_TRY(load_graphs(snapshot.guest));
    DW_TRY(load_inputs(snapshot.guest));
    return snapshot;
  }

 private:
  // That what the guest did last and what the actor is about to do go together.
  Result<void> check_phase() const {
    const Descriptor& d = descriptor_;
    if (d.finished != (d.next == guest::Next::finished)) {
      return fail(ErrorCode::corrupt, "The guest has {}finished, but {} be called again.",
                  d.finished ? "" : "not ", d.finished ? "is to" : "is not to");
    }
    if (!d.started && (d.next != guest::Next::idle || d.calls > 0 || d.in_message)) {
      return fail(ErrorCode::corrupt,
                  "The guest was not started, but has been called or is in a message.");
    }
    if (d.outcome && d.next != guest::Next::run) {
      return fail(ErrorCode::corrupt, "A run has failed that the guest does not wait for.");
    }
    return {};
  }

  void set_actor(Snapshot& snapshot) const {
    const Descriptor& d = descriptor_;
    snapshot.options_json = d.options;
    snapshot.next = d.next;
    if (d.outcome)
      snapshot.outcome = std::unexpected(Error(d.outcome->code, d.outcome->text.bytes));
    snapshot.in_message = d.in_message;
    snapshot.end_told = d.end_told;
    snapshot.cancelled = d.cancelled;
    snapshot.left_ns = d.left_ns;
    for (const frozen::Message& message : d.mailbox) {
      snapshot.mailbox.push_back({message.text.bytes, message.left_ns});
    }
    snapshot.output_position = d.output_position;
    for (const frozen::Text& record : d.output) snapshot.output.push_back(record.bytes);
  }

  void set_guest(guest::Snapshot& guest) const {
    const Descriptor& d = descriptor_;
    guest.started = d.started;
    guest.finished = d.finished;
    guest.calls = d.calls;
    guest.memory_bytes = d.memory_bytes;
    guest.last_handle = d.last_handle;
    guest.last_run = d.last_run;
    guest.log_bytes = d.log_bytes;
    guest.rows = d.rows;
    guest.clock_ns = d.clock_ns;
    guest.error_text = d.error_text.bytes;
    if (d.message) guest.message = d.message->bytes;
    guest.standard_output = d.standard_output.bytes;
    guest.standard_error = d.standard_error.bytes;
    for (const frozen::Window& window : d.windows) {
      guest.windows.push_back({window.offset, window.bytes, window.access});
    }
    for (const frozen::Handle& handle : d.handles) {
      guest.handles.push_back({handle.number, handle.kind, handle.index});
    }
  }

  Result<void> load_globals(guest::Snapshot& guest) const {
    DW_TRY_ASSIGN(const File::Tensor* values, file_.require(frozen::kGlobals, DType::u8, 2));
    if (values->shape[0] != descriptor_.globals.size() ||
        values->shape[1] != sizeof(guest::Global::bits)) {
      return fail(ErrorCode::corrupt, "There are {} globals, but their values have the shape {}.",
                  descriptor_.globals.size(), tensor::to_string(values->shape));
    }
    for (std::size_t i = 0; i < descriptor_.globals.size(); ++i) {
      guest::Global global{.index = descriptor_.globals[i].index,
                           .type = frozen::type_letter(descriptor_.globals[i].type)};
      DW_TRY(file_.read(*values, i * sizeof(global.bits), global.bits));
      guest.globals.push_back(global);
    }
    return {};
  }

  Result<void> load_states(guest::Snapshot& guest) const {
    std::uint64_t blocks = 0;  // cannot overflow: a state has fewer than 2^29
    for (const frozen::State& state : descriptor_.states)
      blocks += AppendState::blocks_of(state.rows);
    DW_TRY(frozen::check_block_count(blocks));
    for (std::size_t n = 0; n < descriptor_.states.size(); ++n) {
      auto state = load_state(n);
      if (!state) return pass_on(state, fmt::format("State {}", n));
      guest.states.push_back(*std::move(state));
    }
    return {};
  }

  Result<std::shared_ptr<AppendState>> load_state(std::size_t n) const {
    const std::string name = fmt::format("state.{}", n);
    const File::Tensor* tensor = file_.find(name);
    if (tensor == nullptr || tensor->shape.size() != 5 ||
        tensor->shape[3] != AppendState::kBlockRows) {
      return fail(ErrorCode::corrupt,
                  "There is no tensor {} of shape [blocks, planes, heads, {}, "
                  "dim].",
                  format::in_quotes(name), AppendState::kBlockRows);
    }
    for (const std::size_t d : {1, 2, 4}) {
      if (tensor->shape[d] > UINT32_MAX) {
        return fail(ErrorCode::corrupt, "Dimension {} ({}) is too large.", d, tensor->shape[d]);
      }
    }
    const frozen::State& described = descriptor_.states[n];
    const std::uint64_t blocks = AppendState::blocks_of(described.rows);
    if (tensor->shape[0] != blocks) {
      return fail(ErrorCode::corrupt, "{} rows take {} blocks, but there are {}.", described.rows,
                  blocks, tensor->shape[0]);
    }
    DW_TRY_ASSIGN(std::shared_ptr<AppendState> state,
                  AppendState::create(*services_.device,
                                      {.dtype = tensor->dtype,
                                       .plane_count = static_cast<std::uint32_t>(tensor->shape[1]),
                                       .head_count = static_cast<std::uint32_t>(tensor->shape[2]),
                                       .head_dim = static_cast<std::uint32_t>(tensor->shape[4]),
                                       .most_rows = described.most_rows}));
    DW_TRY(state->load(described.rows, [&](std::size_t block, std::span<std::byte> to) {
      return file_.read(*tensor, block * state->block_bytes(), to);
    }));
    DW_TRY(load_tokens(name + ".tokens", *state));
    return state;
  }

  Result<void> load_tokens(const std::string& name, AppendState& state) const {
    if (file_.find(name) == nullptr) return {};
    DW_TRY_ASSIGN(const File::Tensor* tensor, file_.require(name, DType::i32, 1));
    std::vector<std::int32_t> ids(tensor->shape[0]);
    DW_TRY(file_.read(*tensor, 0, std::as_writable_bytes(std::span(ids))));
    return state.name_tokens(0, ids);
  }

  Result<void> load_registers(guest::Snapshot& guest) const {
    for (std::uint32_t n = 0; n < descriptor_.registers; ++n) {
      const std::string name = fmt::format("register.{}", n);
      const File::Tensor* tensor = file_.find(name);
      if (tensor == nullptr) {
        return fail(ErrorCode::corrupt, "There is no tensor {}.", format::in_quotes(name));
      }
      DW_TRY_ASSIGN(std::shared_ptr<RegisterState> state,
                    RegisterState::create(*services_.device, tensor->dtype, tensor->shape));
      // The sizes agree: those of the file's tensors are checked with its header.
      DW_TRY(state->load([&](std::span<std::byte> to) { return file_.read(*tensor, 0, to); }));
      guest.registers.push_back(std::move(state));
    }
    return {};
  }

  Result<void> load_graphs(guest::Snapshot& guest) {
    for (std::uint32_t n = 0; n < descriptor_.programs; ++n) {
      DW_TRY(file_.require(fmt::format("program.{}", n), DType::u8, 1));
    }
    for (const frozen::Graph& graph : descriptor_.graphs) {
      guest::Snapshot::Graph made{.executable = nullptr,
                                  .windows = {},
                                  .states = graph.states,
                                  .registers = graph.registers};
      DW_TRY_ASSIGN(made.executable, compile(graph));
      for (const auto& place : graph.windows) {
        made.windows.push_back(place ? guest::Snapshot::Graph::Place{place->window, place->offset}
                                     : guest::Snapshot::Graph::Place{});
      }
      guest.graphs.push_back(std::move(made));
    }
    return {};
  }

  using Executable = std::shared_ptr<const device::Executable>;

  // Each program once, however many graphs name it.
  Result<Executable> compile(const frozen::Graph& graph) {
    if (graph.uses_model && services_.model == nullptr) {
      return fail(ErrorCode::corrupt, "A graph uses a model, but the actor has none.");
    }
    Executable& compiled = executables_[{graph.program, graph.uses_model}];
    if (compiled != nullptr) return compiled;
    DW_TRY_ASSIGN(const File::Tensor* tensor,
                  file_.require(fmt::format("program.{}", graph.program), DType::u8, 1));
    DW_TRY_ASSIGN(const auto encoded, file_.read_all(*tensor));
    program_bytes_ += encoded.size();
    if (program_bytes_ > services_.limits.program_bytes) {
      return fail(ErrorCode::limit, "The actor's programs take more than its limit of {} bytes.",
                  services_.limits.program_bytes);
    }
    DW_TRY_ASSIGN(compiled, guest::compile_program(
                                *services_.device,
                                graph.uses_model ? services_.model.get() : nullptr, encoded));
    return compiled;
  }

  Result<void> load_inputs(guest::Snapshot& guest) const {
    DW_TRY_ASSIGN(const File::Tensor* tensor, file_.require(frozen::kInputLog, DType::u8, 1));
    DW_TRY_ASSIGN(auto bytes, file_.read_all(*tensor));
    DW_TRY(guest::check_inputs(bytes));
    guest.inputs = guest::InputLog(std::move(bytes));
    return {};
  }

  const File& file_;
  const Descriptor& descriptor_;
  const guest::Services& services_;
  std::map<std::pair<std::uint32_t, bool>, Executable>
      executables_;                  // by program, and with a model
  std::uint64_t program_bytes_ = 0;  // of these, as encoded
};

}  // namespace

Result<void> fill_memory(const File& file, memory::Region& region) {
  DW_TRY_ASSIGN(const File::Tensor* indices, file.require(frozen::kMemoryPages, DType::u32, 1));
  DW_TRY_ASSIGN(const File::Tensor* pages, file.require(frozen::kMemory, DType::u8, 2));
  const std::uint64_t count = indices->shape[0];
  if (pages->shape[0] != count || pages->shape[1] != frozen::kPageBytes) {
    return fail(ErrorCode::corrupt,
                "There are {} numbers of pages, but the pages have the shape {}.", count,
                tensor::to_string(pages->shape));
  }
  std::vector<std::uint32_t> numbers(count);
  DW_TRY(file.read(*indices, 0, std::as_writable_bytes(std::span(numbers))));
  const std::uint64_t page_count = region.committed_bytes() / frozen::kPageBytes;
  for (std::size_t i = 0; i < count; ++i) {
    if (numbers[i] >= page_count || (i > 0 && numbers[i] <= numbers[i - 1])) {
      return fail(ErrorCode::corrupt,
                  "Page {} of the memory has the number {}: numbers ascend and are below {}.", i,
                  numbers[i], page_count);
    }
  }
  for (std::size_t begin = 0, end; begin < count; begin = end) {
    for (end = begin + 1; end < count && numbers[end] == numbers[end - 1] + 1;) ++end;
    DW_TRY(file.read(*pages, begin * frozen::kPageBytes,
                     region.bytes().subspan(numbers[begin] * frozen::kPageBytes,
                                            (end - begin) * frozen::kPageBytes)));
  }
  return {};
}

Result<std::vector<std::byte>> module_of(const File& file) {
  const frozen::Module& described = file.descriptor().module;
  if (file.find(frozen::kModule) == nullptr) {
    return fail(ErrorCode::not_found,
                "The frozen actor is thin: it needs the module with the SHA-256 {}.",
                format::in_quotes(described.sha256));
  }
  DW_TRY_ASSIGN(const File::Tensor* tensor, file.require(frozen::kModule, DType::u8, 1));
  DW_TRY_ASSIGN(auto wasm, file.read_all(*tensor));
  if (model::digest_of(wasm) != described.sha256) {
    return fail(ErrorCode::corrupt, "The module in the file does not have the SHA-256 {}.",
                format::in_quotes(described.sha256));
  }
  return wasm;
}

Result<Snapshot> load_snapshot(const File& file, const guest::Services& services,
                               std::shared_ptr<const guest::Module> module) {
  const std::uint32_t abi_version = file.descriptor().abi_version;
  if (abi_version == 0 || abi_version > DW_ABI_VERSION) {
    return fail(ErrorCode::unsupported,
                "The actor's guest speaks version {} of the ABI; this program speaks 1 to {}.",
                abi_version, DW_ABI_VERSION);
  }
  return Loader(file, services).load(std::move(module));
}

Result<Snapshot> read_snapshot(const File& file, const guest::Services& services,
                               std::shared_ptr<const guest::Module> module) {
  DW_TRY(check_module(file.descriptor(), *module));
  DW_TRY(check_model(file.descriptor(), services.model.get()));
  return load_snapshot(file, services, std::move(module));
}

Result<Thawed> thaw(const File& file, guest::Services services,
                    std::shared_ptr<const guest::Module> module) {
  DW_TRY_ASSIGN(const Snapshot snapshot, read_snapshot(file, services, std::move(module)));
  const Descriptor& descriptor = file.descriptor();
  Thawed thawed;
  thawed.sameness = descriptor.numerics == services.device->capabilities().numerics
                        ? Sameness::identical
                        : Sameness::same_state;
  thawed.rows = descriptor.state_rows();
  thawed.bytes_read = file.size_bytes();
  DW_TRY_ASSIGN(thawed.actor,
                Actor::restore(std::move(services), snapshot, [&file](memory::Region& region) {
                  return fill_memory(file, region);
                }));
  return thawed;
}

}  // namespace driftwood::actor
