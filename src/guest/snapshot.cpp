#include "guest/snapshot.h"

#include <limits>
#include <map>
#include <utility>

#include "guest/bindings.h"
#include "guest/compile_program.h"
#include "guest/device_bytes.h"
#include "guest/guest_state.h"
#include "guest/handle_table.h"

namespace driftwood::guest {
namespace {

using device::AppendState;
using device::RegisterState;

// Gives each object an index, in the order in which they are met.
template <typename T>
class Numbering {
 public:
  explicit Numbering(std::vector<T>& list) : list_(list) {}

  // `make` gives what the list holds of an object that is met for the first time.
  template <typename Object, typename Make>
  std::uint32_t index_of(const std::shared_ptr<Object>& object, Make make) {
    const auto [found, is_new] =
        indices_.try_emplace(object.get(), static_cast<std::uint32_t>(list_.size()));
    if (is_new) list_.push_back(make(object));
    return found->second;
  }

 private:
  std::vector<T>& list_;
  std::map<const void*, std::uint32_t> indices_;
};

class Taker {
 public:
  Taker(const GuestState& guest, Snapshot& snapshot) : guest_(guest), snapshot_(snapshot) {}

  void take_handles() {
    for (const auto& [number, object] : guest_.handles.objects()) {
      const auto [kind, index] =
          std::visit([this](const auto& held) { return place(held); }, object);
      snapshot_.handles.push_back({number, kind, index});
    }
  }

 private:
  using Kind = Snapshot::Kind;
  using Place = std::pair<Kind, std::uint32_t>;

  Place place(const std::shared_ptr<const model::Model>&) { return {Kind::model, 0}; }
  Place place(const std::shared_ptr<Window>& window) { return {Kind::window, index(window)}; }
  Place place(const std::shared_ptr<AppendState>& state) { return {Kind::state, index(state)}; }
  Place place(const std::shared_ptr<RegisterState>& state) { return {Kind::reg, index(state)}; }
  Place place(const std::shared_ptr<Graph>& graph) {
    return {Kind::graph, graphs_.index_of(graph, [this](const auto& of) { return describe(*of); })};
  }

  std::uint32_t index(const std::shared_ptr<Window>& window) {
    return windows_.index_of(window, [](const auto& of) { return of->range(); });
  }
  template <typename State>
  std::uint32_t index(const std::shared_ptr<State>& state) {
    const auto itself = [](const auto& of) { return of; };
    if constexpr (std::is_same_v<State, AppendState>) return states_.index_of(state, itself);
    if constexpr (std::is_same_v<State, RegisterState>) return registers_.index_of(state, itself);
  }
  template <typename Object>
  std::optional<std::uint32_t> index_if_bound(const std::shared_ptr<Object>& object) {
    if (object == nullptr) return std::nullopt;
    return index(object);
  }

  Snapshot::Graph describe(const Graph& graph) {
    Snapshot::Graph described{
        .executable = graph.executable, .windows = {}, .states = {}, .registers = {}};
    for (const Bindings::Place& bound : graph.bindings->windows) {
      described.windows.push_back({index_if_bound(bound.window), bound.offset_bytes});
    }
    for (const auto& bound : graph.bindings->states) {
      described.states.push_back(index_if_bound(bound));
    }
    for (const auto& bound : graph.bindings->registers) {
      described.registers.push_back(index_if_bound(bound));
    }
    return described;
  }

  const GuestState& guest_;
  Snapshot& snapshot_;
  Numbering<memory::WindowRange> windows_{snapshot_.windows};
  Numbering<std::shared_ptr<AppendState>> states_{snapshot_.states};
  Numbering<std::shared_ptr<RegisterState>> registers_{snapshot_.registers};
  Numbering<Snapshot::Graph> graphs_{snapshot_.graphs};
};

// Makes a guest's objects from their descriptions.
class Maker {
 public:
  Maker(GuestState& guest, const Snapshot& snapshot) : guest_(guest), snapshot_(snapshot) {}

  Result<void> make() {
    for (const memory::WindowRange& range : snapshot_.windows) {
      DW_TRY_ASSIGN(auto window, Window::share(guest_.windows, guest_.memory.region(),
                                               *guest_.services.device, range));
      windows_.push_back(std::move(window));
    }
    guest_.states.assign(snapshot_.states.begin(), snapshot_.states.end());
    guest_.registers.assign(snapshot_.registers.begin(), snapshot_.registers.end());
    DW_TRY(check_device_bytes(guest_, 0));
    for (const Snapshot::Graph& described : snapshot_.graphs) {
      DW_TRY_ASSIGN(auto graph, make_graph(described));
      graphs_.push_back(std::move(graph));
    }
    for (const Snapshot::Handle& handle : snapshot_.handles) {
      DW_TRY_ASSIGN(auto object, object_of(handle));
      DW_TRY(guest_.handles.put(handle.number, std::move(object)));
    }
    DW_TRY(guest_.handles.set_last(snapshot_.last_handle));
    return check_program_bytes(guest_, 0);
  }

 private:
  template <typename T>
  static Result<T> at(const std::vector<T>& list, std::string_view what, std::uint32_t index) {
    if (index < list.size()) return list[index];
    return fail(ErrorCode::corrupt, "A descriptor names {} {}, but there are {}.", what, index,
                list.size());
  }

  static Result<void> check_slots(std::string_view what, std::size_t bound, std::size_t slots) {
    if (bound == slots) return {};
    return fail(ErrorCode::corrupt, "A graph binds {} {}, but its program has {}.", bound, what,
                slots);
  }

  Result<std::shared_ptr<Graph>> make_graph(const Snapshot::Graph& described) const {
    const graph::Program& program = described.executable->program();
    DW_TRY(check_slots("windows", described.windows.size(), program.windows.size()));
    DW_TRY(check_slots("states", described.states.size(), program.states.size()));
    DW_TRY(check_slots("registers", described.registers.size(), program.registers.size()));
    auto bindings = std::make_shared<Bindings>(program);
    for (std::uint32_t slot = 0; slot < described.windows.size(); ++slot) {
      const Snapshot::Graph::Place& bound = described.windows[slot];
      if (!bound.window) continue;
      DW_TRY_ASSIGN(auto window, at(windows_, "window", *bound.window));
      DW_TRY(bind_window(program, slot, std::move(window), bound.offset_bytes, *bindings));
    }
    for (std::uint32_t slot = 0; slot < described.states.size(); ++slot) {
      if (!described.states[slot]) continue;
      DW_TRY_ASSIGN(auto state, at(snapshot_.states, "state", *described.states[slot]));
      DW_TRY(bind_state(program, slot, std::move(state), *bindings));
    }
    for (std::uint32_t slot = 0; slot < described.registers.size(); ++slot) {
      if (!described.registers[slot]) continue;
      DW_TRY_ASSIGN(auto state, at(snapshot_.registers, "register", *described.registers[slot]));
      DW_TRY(bind_register(program, slot, std::move(state), *bindings));
    }
    auto graph = std::make_shared<Graph>();
    graph->executable = described.executable;
    graph->bindings = std::move(bindings);
    return graph;
  }

  Result<HandleTable::Object> object_of(const Snapshot::Handle& handle) const {
    switch (handle.kind) {
      case Snapshot::Kind::model:
        if (guest_.services.model == nullptr) break;
        return guest_.services.model;
      case Snapshot::Kind::window:
        return at(windows_, "window", handle.index);
      case Snapshot::Kind::state:
        return at(snapshot_.states, "state", handle.index);
      case Snapshot::Kind::reg:
        return at(snapshot_.registers, "register", handle.index);
      case Snapshot::Kind::graph:
        return at(graphs_, "graph", handle.index);
    }
    return fail(ErrorCode::corrupt, "Handle {} is of the kind {}, which this actor cannot have.",
                handle.number, static_cast<std::uint32_t>(handle.kind));
  }

  GuestState& guest_;
  const Snapshot& snapshot_;
  std::vector<std::shared_ptr<Window>> windows_;
  std::vector<std::shared_ptr<Graph>> graphs_;
};

}  // namespace

Result<Snapshot> fork(const Snapshot& snapshot) {
  Snapshot copy = snapshot;
  for (auto& state : copy.states) {
    DW_TRY_ASSIGN(state, state->fork());
  }
  for (auto& state : copy.registers) {
    DW_TRY_ASSIGN(state, state->fork());
  }
  return copy;
}

Snapshot snapshot_of(const GuestState& guest) {
  Snapshot snapshot;
  Taker(guest, snapshot).take_handles();
  snapshot.region = guest.memory.region();
  snapshot.last_handle = guest.handles.last();
  snapshot.last_run = guest.last_run;
  snapshot.rows = guest.rows;
  snapshot.clock_ns = guest.now_ns();
  snapshot.log_bytes = guest.log_budget.used_bytes();
  snapshot.error_text = guest.error_text;
  snapshot.message = guest.message;
  snapshot.standard_output = guest.standard_output.waiting();
  snapshot.standard_error = guest.standard_error.waiting();
  snapshot.inputs = guest.inputs;
  return snapshot;
}

Result<void> restore_state(GuestState& guest, const Snapshot& snapshot) {
  if (snapshot.last_run > std::numeric_limits<std::int32_t>::max()) {
    return fail(ErrorCode::corrupt, "The last run has the number {}, over the largest, {}.",
                snapshot.last_run, std::numeric_limits<std::int32_t>::max());
  }
  DW_TRY(Maker(guest, snapshot).make());
  guest.last_run = snapshot.last_run;
  guest.rows = snapshot.rows;
  guest.set_clock(snapshot.clock_ns);
  guest.log_budget.use(snapshot.log_bytes);
  guest.error_text = snapshot.error_text;
  guest.message = snapshot.message;
  guest.standard_output.append(snapshot.standard_output);
  guest.standard_error.append(snapshot.standard_error);
  guest.inputs = snapshot.inputs;
  return {};
}

}  // namespace driftwood::guest
