// For tests: an actor with something of everything that a file holds, on the null device.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "actor/actor.h"
#include "actor/freeze.h"
#include "actor/frozen_file.h"
#include "actor/thaw.h"
#include "core/checksum.h"
#include "driftwood_program.hpp"
#include "guest/test_support.h"

namespace driftwood::actor::test {

class FrozenActor : public guest::test::HostedGuest {
 protected:
  using Script = guest::test::Script;
  static constexpr std::uint32_t kPage = 65536, kProgram = 8192, kWords = Script::kFree;

  // A guest that prepares a sum over a window, a state and a register when it starts, and asks for
  // a run for each message.
  std::shared_ptr<const guest::Module> module = compile_guest();

  static std::shared_ptr<const guest::Module> compile_guest(const std::string& more = "") {
    sdk::Program program;
    const sdk::Tensor x = program.window(sdk::DType::f32, {16});
    program.add(x, x, program.window(sdk::DType::f32, {16}));
    const auto encoded = program.encode();
    Script script;
    script.extra = more;
    script.data(kProgram, encoded.data(), encoded.size());
    script.words(kWords, {DW_F32, 2, 1, 4, 64, DW_F32, 1, 16, 0, 0, 0});
    script.words(kWords + 64, {DW_SLOT_WINDOW, 0, 1, 0, DW_SLOT_WINDOW, 1, 1, 64});
    script.data(kWords + 128, "a record");
    script.call("window_share", {4 * kPage, kPage, DW_READ_WRITE});
    script.call("state_append", {kWords});
    script.call("state_register", {kWords + 20});
    const auto graph =
        script.call("graph_compile", {0, kProgram, static_cast<std::int64_t>(encoded.size())});
    script.call("graph_bind", {graph, kWords + 64, 2});
    script.end_phase(DW_NEXT_IDLE);
    for (int message = 0; message < 3; ++message) {
      script.call("output_write", {kWords + 128, 8});
      script.call("graph_start", {graph, 0, 0});
      script.end_phase(DW_NEXT_RUN);
      script.call("now", {kWords + 256});
      script.end_phase(DW_NEXT_IDLE);
    }
    return guest::test::compile(script.wat()).value();
  }

  std::unique_ptr<Actor> spawn() const { return Actor::create(services, module).value(); }

  static std::vector<std::byte> freeze(const Actor& actor, const FreezeOptions& options = {}) {
    const auto frozen = Frozen::make(actor, options);
    EXPECT_TRUE(frozen) << frozen.error().message();
    std::vector<std::byte> bytes((*frozen)->file().size_bytes());
    (*frozen)->file().copy_to(bytes);
    return bytes;
  }

  // The bytes with each occurrence of `from` replaced. Precondition: both are of one size.
  static std::vector<std::byte> replaced(std::vector<std::byte> bytes, std::string_view from,
                                         std::string_view to) {
    EXPECT_EQ(from.size(), to.size());
    std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string_view::npos; ++count) {
      std::ranges::copy(std::as_bytes(std::span(to)), bytes.begin() + static_cast<long>(at));
    }
    EXPECT_GT(count, 0u) << from;
    return bytes;
  }

  // The bytes of a tensor of the file.
  static std::span<std::byte> tensor_in(std::span<std::byte> file, std::string_view name) {
    const auto header = frozen::File::of(file).value().header();
    std::uint64_t data_bytes = 0;
    for (const auto& [other, tensor] : header.tensors) {
      data_bytes = std::max(data_bytes, tensor.end);
    }
    const auto& tensor = header.tensors.find(name)->second;
    return file.last(data_bytes).subspan(tensor.begin, tensor.end - tensor.begin);
  }

  // The file with the checksums that fit its bytes.
  static std::vector<std::byte> with_its_checksums(std::vector<std::byte> bytes) {
    const auto header = frozen::File::of(bytes).value().header();
    std::vector<std::uint64_t> sums = {xxh3(std::as_bytes(std::span(header.metadata.at("actor"))))};
    for (const std::string& name : frozen::checked_tensors(header)) {
      sums.push_back(xxh3(tensor_in(bytes, name)));
    }
    std::ranges::copy(std::as_bytes(std::span(sums)), tensor_in(bytes, frozen::kChecksums).begin());
    return bytes;
  }
};

}  // namespace driftwood::actor::test
