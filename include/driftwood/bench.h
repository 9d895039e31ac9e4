// Measurements of one machine, device and model. Each states its median and spread, and kernels
// are judged by the share of what the machine was measured to reach at the same time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <driftwood/model.h>
#include <driftwood/runtime.h>

namespace driftwood {

// Of repeated measurements: the median, and the quartiles around it.
struct Spread {
  double median, lower, upper;
  std::uint64_t count;
};

struct Interval {
  double low, high;
};

struct BenchOptions {
  RuntimeOptions runtime;
  std::string model_folder;             // empty: a seeded model of 4 layers made in memory
  std::vector<std::uint32_t> contexts;  // tokens before the measured ones; empty: what fits of
                                        // 16, 256 and 1024
  std::uint32_t decode_tokens = 24;     // measured at each context
  std::uint32_t guest_count = 64;       // alive at once
  // The built-in guest "llama" compiled into this program, to measure WebAssembly's tax against;
  // without it the tax is left out. A process can measure it once.
  std::optional<NativeGuest> native_llama;
  std::uint32_t tax_pairs = 50;  // of tokens: one by the WebAssembly guest, one by the native one
  std::function<void(std::string_view step)> on_progress;  // may be empty
};

struct BenchReport {
  std::string processor;  // as the system names it
  std::string device;
  std::string model;
  std::uint64_t weight_bytes;
  double
      load_ms;  // opening the model and starting a guest on it, its file in the page cache or not

  // Of the machine: the best of 1, 2 and 4 streams of reading a thread, and f32 operations.
  double read_bytes_per_second;
  unsigned read_streams;
  double flops;

  struct Context {
    std::uint32_t tokens;
    double prefill_ms;            // of all these tokens
    Spread token_ms;              // of each further one, one right after the other
    Spread outside_us_per_token;  // of it: not spent in the device
    double bytes_per_token;       // weights and cache that the device has to read for one
    Spread cold_token_ms;         // of tokens that each follow a read probe, which empties caches
    Spread share_of_read;         // bytes per second of these, of the probe right before
  };
  std::vector<Context> contexts;

  // Of a token at the first context, by kind of op, the longest first.
  struct Op {
    std::string name;  // "linear 2048 x 8192 bf16"
    std::uint32_t count;
    double us;                // of all of them together
    double bytes_per_second;  // of the weights and the cache that they read
  };
  std::vector<Op> ops;

  // Many actors after `contexts.front()` tokens, one token of each in one submission; left out
  // where the model has no room for it. What limits a step is arithmetic or reading, by which of
  // the two takes longer at what was measured right around the step; its share is the share of
  // that.
  struct Batch {
    std::uint32_t sequences;
    double step_flops;  // of the projections, which are nearly all
    double step_bytes;  // weights, once, and all caches
    Spread step_ms;     // on the device
    Spread share_of_arithmetic, share_of_read, share_of_limit;
  };
  std::optional<Batch> batch;

  // On the device that computes nothing: what start, resume, choice and output of a token cost.
  Spread host_us_per_token;
  std::optional<Spread> text_us_per_token;  // the same with a tokenizer, which spells each token

  // What WebAssembly costs: the same guest source both ways, over one device, token by token in
  // turn, for each way of choosing tokens.
  struct Tax {
    std::string sampling;
    Spread wasm_ms, native_ms;                  // of a token
    Spread wasm_outside_us, native_outside_us;  // of it: not spent in the device
    double ratio;              // median of WebAssembly's time over the native one's, pair by pair
    Interval ratio_interval;   // with 95 %
    std::uint64_t whole_rows;  // tokens whose choice needed a second run of the device
  };
  std::vector<Tax> taxes;

  struct Guests {
    std::uint32_t count;    // alive at once
    Spread create_us;       // of making and starting one
    double resident_bytes;  // of each
  } guests;
};

// Takes from half a minute to some minutes, by the model.
// Errors: as Runtime::create and Runtime::open_model; unsupported for a device whose reading cannot
// be measured; invalid_argument for what is to be measured of nothing, or for more tokens than the
// model's context holds.
Result<BenchReport> bench(const BenchOptions& options);

}  // namespace driftwood
