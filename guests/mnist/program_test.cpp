#include "mnist/program.h"

#include <gtest/gtest.h>

#include <span>

#include "graph/program.h"

namespace driftwood::guests::mnist {
namespace {

TEST(Recogniser, passes_the_host_s_validation_and_runs_batches_together) {
  const Recogniser recogniser = record_recogniser();
  const auto bytes = recogniser.program.encode();
  const auto program = graph::decode_program(std::as_bytes(std::span(bytes)));
  ASSERT_TRUE(program) << program.error().message();
  EXPECT_EQ((*program)->symbol_maxima, std::vector<std::uint32_t>{kMostRows});
  EXPECT_EQ((*program)->symbol_is_rows, std::vector<bool>{true});
  ASSERT_EQ((*program)->windows.size(), 2u);
  EXPECT_FALSE((*program)->windows[recogniser.program.slot(recogniser.pixels)].written);
  EXPECT_TRUE((*program)->windows[recogniser.program.slot(recogniser.logits)].written);
}

}  // namespace
}  // namespace driftwood::guests::mnist
