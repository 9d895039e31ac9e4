#include "vad/wav.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace driftwood::guests::vad {
namespace {

using Bytes = std::vector<std::uint8_t>;

void put(Bytes& bytes, std::uint32_t value, int byte_count) {
  for (int i = 0; i < byte_count; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> 8 * i));
}

struct Format {
  std::uint32_t encoding = 1, channels = 1, rate = 16000, bits = 16;
};

Bytes chunk(std::string_view tag, const Bytes& body) {
  Bytes bytes(tag.begin(), tag.end());
  put(bytes, static_cast<std::uint32_t>(body.size()), 4);
  bytes.insert(bytes.end(), body.begin(), body.end());
  if (body.size() % 2 != 0) bytes.push_back(0);
  return bytes;
}

Bytes format_chunk(Format format = {}) {
  Bytes body;
  put(body, format.encoding, 2);
  put(body, format.channels, 2);
  put(body, format.rate, 4);
  put(body, format.rate * format.channels * format.bits / 8, 4);
  put(body, format.channels * format.bits / 8, 2);
  put(body, format.bits, 2);
  return chunk("fmt ", body);
}

Bytes wav_of(const std::vector<Bytes>& chunks) {
  Bytes bytes = {'R', 'I', 'F', 'F', 0, 0, 0, 0, 'W', 'A', 'V', 'E'};
  for (const Bytes& chunk : chunks) bytes.insert(bytes.end(), chunk.begin(), chunk.end());
  return bytes;
}

// Parses from an allocation of the exact size, so that a sanitizer sees every read past the end.
std::string refusal(const Bytes& file, std::int32_t code = DW_E_CORRUPT) {
  const auto copy = std::make_unique<std::uint8_t[]>(file.size());
  std::copy(file.begin(), file.end(), copy.get());
  const auto samples = parse_wav({copy.get(), file.size()});
  if (samples) return "";
  EXPECT_EQ(samples.error().code, code) << samples.error().message;
  return samples.error().message;
}

TEST(Wav, gives_samples_from_minus_one_to_below_one) {
  const Bytes file = wav_of({format_chunk(), chunk("data", {0, 0x80, 0xff, 0x7f, 0, 0x40, 0, 0})});
  const auto samples = parse_wav(file);
  ASSERT_TRUE(samples) << samples.error().message;
  ASSERT_EQ(samples->size(), 4u);
  EXPECT_EQ((*samples)[0], -1.0f);
  EXPECT_EQ((*samples)[1], 32767.0f / 32768);
  EXPECT_EQ((*samples)[2], 0.5f);
  EXPECT_EQ((*samples)[3], 0.0f);
}

TEST(Wav, passes_over_chunks_that_it_does_not_know) {
  const Bytes list = chunk("LIST", {1, 2, 3});  // of odd size, so a byte of padding follows
  EXPECT_EQ(refusal(wav_of({list, format_chunk(), list, chunk("data", {1, 2})})), "");
}

TEST(Wav, takes_a_longer_format_and_no_samples) {
  Bytes format = format_chunk();
  format[4] = 18;
  put(format, 0, 2);
  EXPECT_EQ(refusal(wav_of({format, chunk("data", {})})), "");
}

TEST(Wav, refuses_every_truncation) {
  const Bytes whole = wav_of({format_chunk(), chunk("data", {1, 2, 3, 4})});
  EXPECT_EQ(refusal(whole), "");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(refusal(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))), "")
        << size;
  }
}

TEST(Wav, refuses_what_is_no_wav) {
  const std::string sentence =
      "The message is not a WAV file: it does not begin with RIFF ... WAVE.";
  EXPECT_EQ(refusal({}), sentence);
  Bytes other = wav_of({format_chunk(), chunk("data", {})});
  other[8] = 'A';
  EXPECT_EQ(refusal(other), sentence);
}

TEST(Wav, refuses_samples_of_another_kind_with_the_value) {
  const auto with = [](Format format) {
    return refusal(wav_of({format_chunk(format), chunk("data", {})}), DW_E_UNSUPPORTED);
  };
  EXPECT_EQ(with({.encoding = 3}), "The WAV file is encoded by method 3; 1 (PCM) is expected.");
  EXPECT_EQ(with({.channels = 2}), "The WAV file has 2 channels; 1 is expected.");
  EXPECT_EQ(with({.rate = 44100}), "The WAV file has 44100 samples a second; 16000 is expected.");
  EXPECT_EQ(with({.bits = 8}), "The WAV file has 8 bits a sample; 16 is expected.");
}

TEST(Wav, refuses_chunks_that_do_not_fit) {
  Bytes file = wav_of({format_chunk(), chunk("data", {1, 2})});
  file[file.size() - 3] = 0xff;  // the highest byte of the size
  EXPECT_EQ(refusal(file), "A chunk of the WAV file has 4278190082 bytes; 2 are left.");
  EXPECT_EQ(refusal(wav_of({chunk("fmt ", {1, 0})})),
            "The WAV file's format chunk has 2 bytes; at least 16 are expected.");
  EXPECT_EQ(refusal(wav_of({chunk("data", {1, 2}), format_chunk()})),
            "The WAV file has samples before their format.");
  EXPECT_EQ(refusal(wav_of({format_chunk(), chunk("data", {1, 2, 3})})),
            "The WAV file's samples have 3 bytes, not a multiple of 2.");
  EXPECT_EQ(refusal(wav_of({format_chunk()})), "The WAV file ends before its samples.");
}

}  // namespace
}  // namespace driftwood::guests::vad
