// Reads handwritten digits: a message is an IDX file of 28 x 28 images, the model the checkpoint of
// a small convolutional network (program.h). The message is read into memory that the device
// shares, so that it computes on the pixels where they lie, a batch of images in one run.
//
// Records, one for each batch and one at the end:
//   {"type":"digits","first":0,"digits":[7,2,1, ...]}    first: the number of the first image
//   {"type":"summary","images":10000}
#include "driftwood.hpp"
#include "json.h"
#include "mnist/idx.h"
#include "mnist/program.h"

namespace driftwood::guests::mnist {
namespace {

using sdk::Result;
using sdk::Task;

Result<Images> check_images(std::span<const std::uint8_t> file) {
  const auto images = parse_idx(file);
  if (!images || images->count == 0 || (images->height == kSide && images->width == kSide)) {
    return images;
  }
  return sdk::fail(DW_E_UNSUPPORTED, "The images are of " + std::to_string(images->height) + " x " +
                                         std::to_string(images->width) +
                                         " pixels; the network takes 28 x 28.");
}

json digits_of(const sdk::Shared<float>& logits, std::uint32_t rows) {
  json digits = json::array();
  for (std::uint32_t row = 0; row < rows; ++row) {
    const auto of_row = logits.elements.subspan(row * kDigits, kDigits);
    digits.push_back(std::ranges::max_element(of_row) - of_row.begin());
  }
  return digits;
}

Task<Result<void>> recognise(sdk::Shared<std::uint8_t> file, sdk::Shared<float> logits) {
  const auto images = check_images(file.elements);
  if (!images) co_return std::unexpected(images.error());
  const auto model = sdk::Model::open();
  if (!model) co_return std::unexpected(model.error());
  const auto [program, pixels_tensor, logits_tensor] = record_recogniser();
  auto graph = sdk::Graph::compile(&*model, program);
  if (!graph) co_return std::unexpected(graph.error());
  auto bound = graph->bind(program.slot(logits_tensor), logits);
  if (!bound) co_return bound;
  for (std::uint32_t first = 0; first < images->count; first += kMostRows) {
    const std::uint32_t rows = std::min(kMostRows, images->count - first);
    const auto pixels =
        file.part(kHeaderBytes + std::size_t{first} * kPixels, std::size_t{rows} * kPixels);
    bound = graph->bind(program.slot(pixels_tensor), pixels);
    if (!bound) co_return bound;
    if (auto done = co_await graph->run(rows); !done) co_return done;
    const json record = {{"type", "digits"}, {"first", first}, {"digits", digits_of(logits, rows)}};
    sdk::write_output(record.dump());
  }
  sdk::write_output(json{{"type", "summary"}, {"images", images->count}}.dump());
  co_return Result<void>();
}

Task<Result<void>> answer(std::uint32_t message_bytes) {
  constexpr std::uint32_t kLogits = kMostRows * kDigits;
  auto memory =
      sdk::SharedBuffer::create(sdk::SharedBuffer::bytes_for<std::uint8_t>(message_bytes) +
                                sdk::SharedBuffer::bytes_for<float>(kLogits));
  if (!memory) co_return std::unexpected(memory.error());
  const auto file = memory->take<std::uint8_t>(message_bytes);
  sdk::read_message(file.elements);
  co_return co_await recognise(file, memory->take<float>(kLogits));
}

Task<Result<void>> run_guest() {
  while (const auto message_bytes = co_await sdk::next_message_size()) {
    const auto done = co_await answer(*message_bytes);
    if (!done && done.error().code != DW_E_CANCELLED) sdk::write_output(error_record(done.error()));
  }
  co_return Result<void>();
}

}  // namespace
}  // namespace driftwood::guests::mnist

DW_GUEST(driftwood::guests::mnist::run_guest)
