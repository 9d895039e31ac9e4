// Finds where somebody speaks: a message is a WAV file (16 kHz, mono, 16-bit PCM), the model the
// checkpoint of Silero's voice activity detector (program.h). Each frame of 512 samples is one run;
// what the network remembers of those before it lies in two registers. The last frame is filled up
// with silence.
//
// Records, one for each frame and one at the end:
//   {"type":"frame","index":0,"probability":0.2083}    of speech, from sample 512 * index on
//   {"type":"summary","frames":1875}
#include "driftwood.hpp"
#include "json.h"
#include "vad/program.h"
#include "vad/wav.h"

namespace driftwood::guests::vad {
namespace {

using sdk::Result;
using sdk::Task;

// The network at the beginning of a recording, bound to its memory.
class Network {
 public:
  static Result<Network> create() {
    const auto model = sdk::Model::open();
    if (!model) return std::unexpected(model.error());
    const Detector detector = record_detector();
    Network network;
    auto graph = sdk::Graph::compile(&*model, detector.program);
    if (!graph) return std::unexpected(graph.error());
    network.graph_ = std::move(*graph);
    if (auto bound = network.bind_memory(detector); !bound) return std::unexpected(bound.error());
    for (const sdk::RegisterTensors& state : {detector.h, detector.c}) {
      if (auto bound = network.bind_state(detector.program.slot(state.after)); !bound) {
        return std::unexpected(bound.error());
      }
    }
    return network;
  }

  // The probability of speech in the 512 samples from `first` on, which follow those before.
  Task<Result<float>> run(const Samples& samples, std::size_t first) {
    const auto window = samples_.elements;
    std::ranges::copy(window.last(kContextSamples), window.begin());
    const auto frame = window.last(kFrameSamples);
    for (std::size_t i = 0; i < frame.size(); ++i) {
      frame[i] = first + i < samples.size() ? samples[first + i] : 0;
    }
    if (auto done = co_await graph_.run(); !done) co_return std::unexpected(done.error());
    co_return probability_[0];
  }

 private:
  static constexpr std::uint32_t kWindowSamples = kContextSamples + kFrameSamples;

  Result<void> bind_memory(const Detector& detector) {
    auto memory = sdk::SharedBuffer::create(sdk::SharedBuffer::bytes_for<float>(kWindowSamples) +
                                            sdk::SharedBuffer::bytes_for<float>(1));
    if (!memory) return std::unexpected(memory.error());
    memory_ = std::move(*memory);
    samples_ = memory_.take<float>(kWindowSamples);
    probability_ = memory_.take<float>(1);
    auto bound = graph_.bind(detector.program.slot(detector.samples), samples_);
    if (bound) bound = graph_.bind(detector.program.slot(detector.probability), probability_);
    return bound;
  }

  // A new register, which is zero; the graph keeps it.
  Result<void> bind_state(std::uint32_t slot) {
    const auto state = sdk::Register::create(sdk::DType::f32, {1, kStateSize, 1});
    if (!state) return std::unexpected(state.error());
    return graph_.bind_register(slot, *state);
  }

  sdk::SharedBuffer memory_;
  sdk::Shared<float> samples_;      // the context and the frame
  sdk::Shared<float> probability_;  // one
  sdk::Graph graph_;
};

Task<Result<void>> detect(const std::string& message) {
  const auto samples =
      parse_wav({reinterpret_cast<const std::uint8_t*>(message.data()), message.size()});
  if (!samples) co_return std::unexpected(samples.error());
  auto network = Network::create();
  if (!network) co_return std::unexpected(network.error());
  const std::size_t frames = (samples->size() + kFrameSamples - 1) / kFrameSamples;
  for (std::size_t index = 0; index < frames; ++index) {
    const auto probability = co_await network->run(*samples, index * kFrameSamples);
    if (!probability) co_return std::unexpected(probability.error());
    const json record = {{"type", "frame"}, {"index", index}, {"probability", *probability}};
    sdk::write_output(record.dump());
  }
  sdk::write_output(json{{"type", "summary"}, {"frames", frames}}.dump());
  co_return Result<void>();
}

Task<Result<void>> run_guest() {
  while (const auto message = co_await sdk::next_message()) {
    const auto done = co_await detect(*message);
    if (!done && done.error().code != DW_E_CANCELLED) sdk::write_output(error_record(done.error()));
  }
  co_return Result<void>();
}

}  // namespace
}  // namespace driftwood::guests::vad

DW_GUEST(driftwood::guests::vad::run_guest)
