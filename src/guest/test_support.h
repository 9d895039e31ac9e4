// For tests: guests written as a list of calls, and a host for them on the null device.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "device/registry.h"
#include "guest/abi.h"
#include "guest/guest.h"
#include "guest/module.h"
#include "guest/wasmtime_handles.h"
#include "memory/region.h"

namespace driftwood::guest::test {

inline std::shared_ptr<Engine> engine() {
  static const std::shared_ptr<Engine> kEngine = Engine::create().value();
  return kEngine;
}

inline std::vector<std::byte> wasm_of(const std::string& wat) {
  OwnedBytes bytes;
  const OwnedError error(wasmtime_wat2wasm(wat.data(), wat.size(), &bytes));
  EXPECT_EQ(error, nullptr) << wat;
  const auto* data = reinterpret_cast<const std::byte*>(bytes.data);
  return {data, data + bytes.size};
}

inline Result<std::shared_ptr<const Module>> compile(const std::string& wat) {
  return Module::compile(engine(), wasm_of(wat));
}

// An argument of a call: a number, or the result of an earlier step.
struct Value {
  Value(std::int64_t number) : number(static_cast<std::int32_t>(number)) {}
  static Value step(int index) {
    Value value(index);
    value.is_step = true;
    return value;
  }
  std::int32_t number;
  bool is_step = false;
};

// A guest as a list of steps. Each step's value is kept in the guest's memory at address(step);
// phases are what driftwood_start and then each driftwood_resume does. Tests may use memory from
// kFree on.
class Script {
 public:
  static constexpr std::uint32_t kEvent = 16, kStatus = 20, kFree = 4096;

  static std::uint32_t address(Value step) {
    return 64 + 4 * static_cast<std::uint32_t>(step.number);
  }

  std::string memory = "(memory (export \"memory\") 8)";
  std::string extra;  // more fields of the module

  void data(std::uint32_t at, const void* bytes, std::size_t size) {
    data_ += "(data (i32.const " + std::to_string(at) + ") \"";
    for (std::size_t i = 0; i < size; ++i) {
      data_ += fmt::format("\\{:02x}", static_cast<const unsigned char*>(bytes)[i]);
    }
    data_ += "\")\n";
  }
  void data(std::uint32_t at, std::string_view text) { data(at, text.data(), text.size()); }
  void words(std::uint32_t at, std::vector<std::uint32_t> values) {
    data(at, values.data(), values.size() * 4);
  }

  // A step that calls an import of module "driftwood".
  Value call(const std::string& name, std::vector<Value> arguments) {
    return call_of("driftwood", name, arguments);
  }
  Value call_of(const std::string& module, const std::string& name,
                const std::vector<Value>& arguments) {
    std::string parameters;
    std::string text = "(call $" + name;
    for (const Value& argument : arguments) {
      parameters += " i32";
      text += argument.is_step ? fmt::format(" (i32.load (i32.const {}))", address(argument))
                               : fmt::format(" (i32.const {})", argument.number);
    }
    imports_[name] = fmt::format("(import \"{}\" \"{}\" (func ${} (param{}) (result i32)))\n",
                                 module, name, name, parameters);
    return expression(text + ")");
  }
  // A step of any i32 expression.
  Value expression(const std::string& text) {
    const Value step = Value::step(steps_++);
    phase_ += fmt::format("(i32.store (i32.const {}) {})\n", address(step), text);
    return step;
  }
  void code(const std::string& text) { phase_ += text + "\n"; }

  void end_phase(int next) {
    phases_.push_back(phase_ + fmt::format("(return (i32.const {}))", next));
    phase_.clear();
  }

  std::string wat() const {
    std::string text = "(module\n";
    for (const auto& [name, import] : imports_) text += import;
    text += memory + "\n" + data_ + extra + "(global $phase (mut i32) (i32.const 0))\n";
    text += "(func (export \"driftwood_start\") (result i32)\n" + phases_.at(0) + ")\n";
    text +=
        "(func (export \"driftwood_resume\") (param $event i32) (param $status i32) (result i32)\n";
    text += fmt::format("(i32.store (i32.const {}) (local.get $event))\n", kEvent);
    text += fmt::format("(i32.store (i32.const {}) (local.get $status))\n", kStatus);
    text += "(global.set $phase (i32.add (global.get $phase) (i32.const 1)))\n";
    for (std::size_t i = 1; i < phases_.size(); ++i) {
      text += fmt::format("(if (i32.eq (global.get $phase) (i32.const {})) (then {}))\n", i,
                          phases_[i]);
    }
    return text + "(i32.const 0)))";
  }

 private:
  std::map<std::string, std::string> imports_;
  std::string data_;
  std::string phase_;
  std::vector<std::string> phases_;
  int steps_ = 0;
};

inline std::string read_text(const Guest& guest, std::uint32_t at, std::size_t size) {
  std::string text(size, '\0');
  std::memcpy(text.data(), guest.region().base() + at, size);
  return text;
}

inline std::int32_t read_word(const Guest& guest, std::uint32_t at) {
  std::int32_t word;
  std::memcpy(&word, guest.region().base() + at, sizeof word);
  return word;
}

inline std::int32_t result_of(const Guest& guest, Value step) {
  return read_word(guest, Script::address(step));
}

// The device, what guests wrote, and the services given to them.
class HostedGuest : public testing::Test {
 protected:
  HostedGuest() : device(device::open_device("null", {}).value()) {
    services.device = device.get();
    services.write_output = [this](std::string_view record) { outputs.emplace_back(record); };
    services.random_bits = [] { return std::uint64_t{0x0123456789abcdef}; };
    services.now_ns = [] { return std::uint64_t{77}; };
  }

  Result<std::unique_ptr<Guest>> create(const std::string& wat) {
    auto module = compile(wat);
    if (!module) return pass_on(module);
    return Guest::create(*module, services);
  }

  // Creates and starts the guest of a script whose only phase is what it has so far.
  std::unique_ptr<Guest> start(Script& script, int next = DW_NEXT_IDLE) {
    script.end_phase(next);
    auto guest = create(script.wat());
    if (!guest) {
      ADD_FAILURE() << guest.error().message();
      return nullptr;
    }
    const auto started = (*guest)->start();
    EXPECT_TRUE(started) << started.error().message();
    return *std::move(guest);
  }

  std::unique_ptr<device::Device> device;
  Services services;
  std::vector<std::string> outputs;
};

}  // namespace driftwood::guest::test
