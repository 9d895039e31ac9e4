// Writing an actor down as one safetensors file (docs/formats/frozen_actor.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "actor/actor.h"
#include "actor/frozen_descriptor.h"
#include "core/error.h"
#include "format/safetensors_writer.h"

namespace driftwood::actor {

struct FreezeOptions {
  bool thin = false;  // without the module's bytes; who thaws it brings the module
};

// An actor as it will be in its file. Most bytes stay where they are: it is valid until the actor's
// next step, and the actor outlives it.
class Frozen {
 public:
  // Errors: those of Actor::snapshot and frozen::check_size(); out_of_memory.
  static Result<std::unique_ptr<Frozen>> make(const Actor& actor, const FreezeOptions& options);
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

  const format::SafetensorsFile& file() const { return *file_; }
  std::uint64_t identity() const;                           // as frozen::File::identity of the file
  std::uint64_t state_rows() const { return state_rows_; }  // of all states together

 private:
  Frozen() = default;

  using Bytes = std::span<const std::byte>;
  Result<void> lay_out(const Actor& actor, const FreezeOptions& options);
  Result<void> add_states();
  Result<void> add_tokens();
  Result<void> add_registers();
  Result<void> add_memory();
  Result<void> add_globals();
  Result<void> add_programs(const model::Model* model, frozen::Descriptor& descriptor);
  Result<void> add_description(const frozen::Descriptor& descriptor);
  Result<void> add(std::string name, tensor::DType dtype, tensor::Shape shape,
                   std::span<const Bytes> parts,
                   format::SafetensorsWriter::Alignment alignment =
                       format::SafetensorsWriter::Alignment::element);
  // Memory for bytes that do not lie anywhere yet.
  std::span<std::byte> keep(std::size_t size_bytes);

  Snapshot snapshot_;
  std::uint64_t state_rows_ = 0;
  std::vector<std::vector<std::byte>> kept_;
  std::string texts_;
  std::vector<std::uint32_t> pages_;
  std::map<std::string, std::uint64_t> sums_;  // by tensor
  std::vector<std::uint64_t> checksums_;
  format::SafetensorsWriter writer_;
  std::optional<format::SafetensorsFile> file_;
};

}  // namespace driftwood::actor
