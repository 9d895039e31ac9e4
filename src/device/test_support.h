// What the device tests share: weights in memory, sequences with their window bytes, and the plain
// references run over a whole program.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "device/device.h"
#include "device/registry.h"
#include "device/test_validation.h"
#include "driftwood_program.hpp"
#include "graph/program.h"
#include "tensor/convert.h"

namespace driftwood::device::testing {

using Bytes = std::vector<std::byte>;

// The value, or a test failure with the error's text and the end of the test program's patience.
template <typename T>
T must(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().message();
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

inline std::shared_ptr<const graph::Program> decode(const sdk::Program& program) {
  const std::vector<std::uint8_t> bytes = program.encode();
  return must(graph::decode_program(std::as_bytes(std::span(bytes))));
}

inline Bytes bytes_of(const std::vector<float>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return Bytes(bytes.begin(), bytes.end());
}

inline Bytes bytes_of(const std::vector<std::int32_t>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return Bytes(bytes.begin(), bytes.end());
}

template <typename T>
std::vector<T> values_of(const Bytes& bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  std::ranges::copy(bytes, reinterpret_cast<std::byte*>(values.data()));
  return values;
}

// Random numbers of a test, the same on every machine and with every standard library; the seed is
// in the failure's trace.
class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}

  // About normal, with a standard deviation of `scale`: sums of four uniform 16-bit numbers.
  std::vector<float> floats(std::size_t count, float scale = 1) {
    constexpr std::int32_t kMean = 4 * 65535 / 2;
    constexpr float kDeviation = 37837;
    std::vector<float> values(count);
    for (float& value : values) {
      std::int32_t sum = -kMean;
      for (int i = 0; i < 4; ++i) sum += static_cast<std::int32_t>(engine_() >> 16);
      value = static_cast<float>(sum) * (scale / kDeviation);
    }
    return values;
  }

  std::vector<std::int32_t> indices(std::size_t count, std::int32_t limit) {
    std::vector<std::int32_t> values(count);
    for (std::int32_t& value : values) {
      value = static_cast<std::int32_t>(engine_() % static_cast<std::uint32_t>(limit));
    }
    return values;
  }

 private:
  std::mt19937 engine_;
};

inline Bytes encode(tensor::DType dtype, const std::vector<float>& values) {
  Bytes bytes(values.size() * tensor::size_bytes(dtype));
  for (std::size_t i = 0; i < values.size(); ++i) tensor::store_float(dtype, bytes, i, values[i]);
  return bytes;
}

class MemoryWeights final : public WeightSource {
 public:
  void add(const std::string& name, tensor::DType dtype, tensor::Shape shape,
           const std::vector<float>& values) {
    weights_[name] = {dtype, std::move(shape), encode(dtype, values)};
  }

  Result<tensor::View> find(std::string_view name) const override {
    const auto found = weights_.find(std::string(name));
    if (found == weights_.end()) {
      return fail(ErrorCode::not_found, "There is no weight \"{}\".", name);
    }
    return tensor::View{found->second.dtype, found->second.shape, found->second.bytes};
  }
  std::vector<std::string> names() const override {
    std::vector<std::string> all;
    for (const auto& [name, weight] : weights_) all.push_back(name);
    return all;
  }

 private:
  struct Weight {
    tensor::DType dtype;
    tensor::Shape shape;
    Bytes bytes;
  };
  std::map<std::string, Weight> weights_;
};

// One sequence of a test: what it binds, as bytes.
struct SequenceData {
  std::vector<std::uint32_t> symbols;
  std::vector<Bytes> windows;  // by slot; results are written back
  std::vector<AppendState*> states;
  std::vector<RegisterState*> registers = {};
};

// Window slots of a sequence with these symbols, all zero.
inline SequenceData make_sequence(const graph::Program& program,
                                  std::vector<std::uint32_t> symbols) {
  SequenceData sequence{std::move(symbols), {}, {}};
  for (const graph::WindowSlot& slot : program.windows) {
    sequence.windows.emplace_back(program.tensor_bytes(slot.tensor, sequence.symbols));
  }
  return sequence;
}

// Buffers of the device with the bytes of the sequences' windows.
class BoundSequences {
 public:
  BoundSequences(Device& device, std::vector<SequenceData>& data) : device_(&device), data_(&data) {
    for (SequenceData& one : data) {
      Sequence sequence{one.symbols, {}, one.states, one.registers};
      for (const Bytes& window : one.windows) {
        buffers_.push_back(must(device.allocate(std::max<std::size_t>(window.size(), 1))));
        must(device.upload(*buffers_.back(), 0, window, Purpose::window));
        sequence.windows.push_back({buffers_.back().get(), 0});
      }
      sequences_.push_back(std::move(sequence));
    }
  }

  const std::vector<Sequence>& sequences() const { return sequences_; }

  void read_back() {
    std::size_t i = 0;
    for (SequenceData& one : *data_) {
      for (Bytes& window : one.windows) {
        must(device_->download(*buffers_[i++], 0, window, Purpose::window));
      }
    }
  }

 private:
  Device* device_;
  std::vector<SequenceData>* data_;
  std::vector<std::unique_ptr<Buffer>> buffers_;
  std::vector<Sequence> sequences_;
};

inline constexpr std::uint64_t kPatienceNs = 60'000'000'000;

// One run of all sequences together.
inline Result<void> run(Device& device, const std::shared_ptr<const Executable>& executable,
                        std::vector<SequenceData>& sequences) {
  BoundSequences bound(device, sequences);
  DW_TRY_ASSIGN(const Serial serial, device.submit(executable, bound.sequences()));
  DW_TRY(device.wait(serial, kPatienceNs));
  bound.read_back();
  return {};
}

}  // namespace driftwood::device::testing
