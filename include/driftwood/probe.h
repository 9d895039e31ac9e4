// The proof table: whether host, guest and device really work on the same bytes on this machine,
// and what a token costs.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <driftwood/model.h>
#include <driftwood/runtime.h>

namespace driftwood {

struct ProbeReport {
  std::string name;
  std::string description;
  bool pointer_identity;  // the device's address of a window is the guest's
  bool
      byte_identity;  // a number that the guest wrote after binding came back changed by the device
  std::int64_t rss_delta_zero_copy_bytes;  // resident memory for importing a 16 MiB window
  std::int64_t rss_delta_copy_bytes;       // resident memory for copying it to the device
  std::uint64_t matmul_elements;           // of the 128 x 128 product through the chain
  std::uint64_t matmul_errors;             // elements that are wrong, compared bit for bit
  double matmul_ms;                        // median of 300, in place
  double matmul_copy_ms;    // median of the 300 products between them, copying in and out
  double copying_costs_ms;  // median over the pairs: what the one that copies takes longer
  double host_call_ns;      // from the guest into the host and back
  double copied_bytes_per_token;
  double link_bytes_per_token;  // of those, between two memories; a window in place is not counted
  double load_ms;               // opening the model and starting its guest
  double prefill_5_ms;          // five prompt tokens
  double token_ms;              // each further token
};

struct ProbeOptions {
  RuntimeOptions runtime;
  std::string model_folder;  // empty: a seeded model of 4 layers made in memory
  std::function<void(std::string_view step)> on_progress;  // may be empty
};

// Measures one device. Takes a few seconds.
// Errors: as Runtime::create and Runtime::open_model.
Result<ProbeReport> probe(const ProbeOptions& options);

}  // namespace driftwood
