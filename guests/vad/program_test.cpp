#include "vad/program.h"

#include <gtest/gtest.h>

#include <span>

#include "graph/program.h"

namespace driftwood::guests::vad {
namespace {

TEST(Detector, passes_the_host_s_validation_with_two_registers) {
  const Detector detector = record_detector();
  const auto bytes = detector.program.encode();
  const auto program = graph::decode_program(std::as_bytes(std::span(bytes)));
  ASSERT_TRUE(program) << program.error().message();
  EXPECT_EQ((*program)->windows.size(), 2u);
  ASSERT_EQ((*program)->registers.size(), 2u);
  EXPECT_EQ((*program)->registers[0].shape, (tensor::Shape{1, kStateSize, 1}));
  EXPECT_NE(detector.program.slot(detector.h.after), detector.program.slot(detector.c.after));
}

}  // namespace
}  // namespace driftwood::guests::vad
