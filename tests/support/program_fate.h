// What becomes of bytes that may be a program: refused with a sentence, or compiled and run.
// Whatever they say, nothing else happens; tests and the fuzz target `program` ask for that.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "device/device.h"
#include "graph/program.h"

namespace driftwood::test {

enum class Fate { refused, not_compiled, too_large, ran, failed_run };

// The weights that such a program may name, of every rank and every dtype that weights may have;
// all of them are zeros.
class FewWeights final : public device::WeightSource {
 public:
  Result<tensor::View> find(std::string_view name) const override {
    const auto found = weights().find(name);
    if (found == weights().end()) return fail(ErrorCode::not_found, "There is no such weight.");
    return found->second;
  }
  std::vector<std::string> names() const override {
    std::vector<std::string> all;
    for (const auto& [name, weight] : weights()) all.emplace_back(name);
    return all;
  }

 private:
  static const std::map<std::string_view, tensor::View>& weights() {
    using tensor::DType;
    alignas(64) static constexpr std::byte kZeros[256] = {};
    static const std::map<std::string_view, tensor::View> kWeights = {
        {"table", {DType::bf16, {10, 8}, std::span(kZeros).first(160)}},
        {"norm", {DType::f32, {8}, std::span(kZeros).first(32)}},
        {"wq", {DType::f32, {8, 8}, std::span(kZeros)}},
        {"wk", {DType::f32, {4, 8}, std::span(kZeros).first(128)}},
        {"kernel1d", {DType::bf16, {2, 1, 3}, std::span(kZeros).first(12)}},
        {"kernel2d", {DType::f16, {2, 1, 3, 3}, std::span(kZeros).first(36)}},
        {"channels", {DType::f16, {2}, std::span(kZeros).first(4)}},
        {"columns", {DType::f32, {4}, std::span(kZeros).first(16)}},
        {"input_gates", {DType::bf16, {8, 6}, std::span(kZeros).first(96)}},
        {"hidden_gates", {DType::bf16, {8, 2}, std::span(kZeros).first(32)}},
        {"gate_bias", {DType::bf16, {8}, std::span(kZeros).first(16)}}};
    return kWeights;
  }
};

// Runs programs on one device, with symbol values from 0 to 3. One whose tensors take more than
// `most_bytes` is compiled and not run.
class ProgramRunner {
 public:
  ProgramRunner(device::Device& device, std::uint64_t most_bytes)
      : device_(device), most_bytes_(most_bytes) {}

  Fate fate_of(std::span<const std::uint8_t> encoded) {
    // An allocation of the exact size, so that a sanitizer sees every read past the end.
    const auto copy = std::make_unique<std::byte[]>(encoded.size());
    std::ranges::copy(std::as_bytes(encoded), copy.get());
    auto program = graph::decode_program({copy.get(), encoded.size()});
    if (!program) return Fate::refused;
    auto executable = device_.compile(*program, weights_);
    if (!executable) return Fate::not_compiled;
    Fate fate = Fate::ran;
    for (const std::uint32_t most : {0u, 1u, 3u}) fate = std::max(fate, run(*executable, most));
    return fate;
  }

 private:
  static constexpr std::uint64_t kPatienceNs = 600'000'000'000;

  Fate run(const std::shared_ptr<const device::Executable>& executable, std::uint32_t most) {
    const graph::Program& program = executable->program();
    device::Sequence sequence;
    for (const std::uint32_t maximum : program.symbol_maxima) {
      sequence.symbols.push_back(std::min(maximum, most));
    }
    std::uint64_t left_bytes = most_bytes_;
    for (std::uint32_t i = 0; i < program.tensors.size(); ++i) {
      const std::uint64_t bytes = program.tensor_bytes(i, sequence.symbols);
      if (bytes > left_bytes) return Fate::too_large;
      left_bytes -= bytes;
    }
    std::vector<std::unique_ptr<device::Buffer>> buffers;
    for (const graph::WindowSlot& slot : program.windows) {
      const std::uint64_t bytes = program.tensor_bytes(slot.tensor, sequence.symbols);
      auto buffer = device_.allocate(std::max<std::uint64_t>(bytes, 1));
      if (!buffer) return Fate::too_large;
      sequence.windows.push_back({buffer->get(), 0});
      buffers.push_back(*std::move(buffer));
    }
    std::vector<std::unique_ptr<device::AppendState>> states;
    for (const graph::StateSlot& slot : program.states) {
      auto state = device::AppendState::create(device_, {.dtype = slot.dtype,
                                                         .plane_count = slot.plane_count,
                                                         .head_count = slot.head_count,
                                                         .head_dim = slot.head_dim,
                                                         .most_rows = 64});
      if (!state || (*state)->block_bytes() > left_bytes) return Fate::too_large;
      sequence.states.push_back(state->get());
      states.push_back(*std::move(state));
    }
    std::vector<std::unique_ptr<device::RegisterState>> registers;
    for (const graph::RegisterSlot& slot : program.registers) {
      auto made = device::RegisterState::create(device_, slot.dtype, slot.shape);
      if (!made) return Fate::too_large;
      sequence.registers.push_back(made->get());
      registers.push_back(*std::move(made));
    }
    const auto serial = device_.submit(executable, {&sequence, 1});
    if (!serial) return Fate::failed_run;
    return device_.wait(*serial, kPatienceNs) ? Fate::ran : Fate::failed_run;
  }

  device::Device& device_;
  std::uint64_t most_bytes_;
  std::shared_ptr<const device::WeightSource> weights_ = std::make_shared<FewWeights>();
};

}  // namespace driftwood::test
