// JSON texts from a model's folder and from whoever sends requests, as the guest `llama` reads
// them. The first byte chooses the reader.
#include <string>

#include "llama/config.h"
#include "llama/request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace driftwood::guests::llama;
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  static const Config kConfig =
      parse_config(
          R"({"model_type":"llama","hidden_size":64,"intermediate_size":128,"num_hidden_layers":2,
              "num_attention_heads":4,"num_key_value_heads":2,"vocab_size":272,"rms_norm_eps":1e-5,
              "max_position_embeddings":128,"rope_theta":10000.0})")
          .value();
  static const Defaults kDefaults = parse_defaults("{}", "{}").value();
  switch (data[0] % 4) {
    case 0:
      if (const auto config = parse_config(text)) inverse_frequencies(*config);
      break;
    case 1:
      (void)parse_defaults(text, text);
      break;
    case 2:
      (void)parse_options(text, kConfig, true);
      break;
    default:
      (void)parse_request(text, kDefaults);
  }
  return 0;
}
