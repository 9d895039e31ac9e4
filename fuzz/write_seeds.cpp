// write_seeds FOLDER: writes the seeds of every target into FOLDER/<target>/.
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "calls.h"

namespace {

using namespace driftwood;
using namespace driftwood::fuzz;

std::filesystem::path folder;

void write(const std::string& target, const std::string& name, const Bytes& bytes) {
  std::filesystem::create_directories(folder / target);
  std::ofstream(folder / target / name, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

Bytes bytes_of(std::string_view text) {
  return Bytes(text.begin(), text.end());
}

void write_safetensors() {
  const auto file = [](std::string_view header, std::size_t data_bytes) {
    Bytes bytes;
    for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<std::uint8_t>(header.size() >> 8 * i));
    bytes.insert(bytes.end(), header.begin(), header.end());
    bytes.resize(bytes.size() + data_bytes, 7);
    return bytes;
  };
  write("safetensors", "empty", file("{}", 0));
  write("safetensors", "two",
        file(R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],)"
             R"("data_offsets":[0,24]},)"
             R"("b\u00e4":{"dtype":"BF16","shape":[],"data_offsets":[24,26]}}   )",
             26));
  write("safetensors", "no_elements",
        file(R"({"z":{"dtype":"I64","shape":[0,5],"data_offsets":[0,0]}})", 0));
}

void write_abi_others() {
  constexpr std::uint32_t kData = 128;
  Calls state;
  state.call(kStateAppend)
      .in_message(kData)
      .call(kStateLength)
      .result(0)
      .call(kStateTruncate)
      .result(0)
      .small(0)
      .call(kRelease)
      .result(0)
      .returns(DW_NEXT_IDLE);
  Bytes shape;
  append_words(shape, {DW_F32, 2, 1, 8, 64});
  write("abi", "state", state.with_data(kData, shape));

  Calls model;
  model.call(kModelOpen)
      .small(0)
      .call(kModelConfig)
      .result(0)
      .small(2)
      .in_message(60000)
      .small(64)
      .call(kTokensEncode)
      .result(0)
      .in_message(kData)
      .small(8)
      .small(1)
      .in_message(61000)
      .small(9)
      .call(kTokensDecode)
      .result(0)
      .in_message(61000)
      .small(2)
      .small(0)
      .small(1)
      .in_message(62000)
      .small(99)
      .returns(DW_NEXT_CONTINUE);
  write("abi", "model", model.with_data(kData, bytes_of("red blue")));

  Calls talk;
  talk.call(kLog)
      .small(1)
      .in_message(kData)
      .small(5)
      .call(kOutputWrite)
      .in_message(kData)
      .small(5)
      .call(kMessageRead)
      .in_message(60000)
      .number(100)
      .returns(DW_NEXT_FINISHED);
  write("abi", "talk", talk.with_data(kData, bytes_of("hello")));
}

void write_requests() {
  const auto one = [](const std::string& name, char reader, std::string_view text) {
    write("request", name, bytes_of(reader + std::string(text)));
  };
  one("config", 0,
      R"({"model_type":"llama","hidden_size":64,"intermediate_size":128,"num_hidden_layers":2,)"
      R"("num_attention_heads":4,"num_key_value_heads":2,"head_dim":16,"vocab_size":272,)"
      R"("rms_norm_eps":1e-5,"max_position_embeddings":128,"tie_word_embeddings":true,)"
      R"("rope_scaling":{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,)"
      R"("high_freq_factor":4.0,"original_max_position_embeddings":64}})");
  one("generation", 1,
      R"({"do_sample":true,"temperature":0.6,"top_p":0.9,"top_k":50,"eos_token_id":[1,2]})");
  one("options", 2, R"({"context":64,"kv_dtype":"bf16"})");
  one("request", 3,
      R"({"prompt_ids":[1,2,3],"max_tokens":5,"temperature":0.5,"top_k":3,"top_p":0.9,"seed":7,)"
      R"("ignore_eos":true,"prefill_piece":2,"output":"tokens","top_logprobs":2,)"
      R"("prompt_logprobs":true})");
  one("prompt", 3, R"({"prompt":"Once upon a \u00e4 time"})");
}

// Numbers that frozen_actor.cpp takes its choices from: of each actor that it begins with, some in
// which each kind of change occurs.
void write_frozen_actors() {
  write("frozen_actor", "file", Bytes{255});
  for (std::uint8_t base = 0; base < 3; ++base) {
    for (std::uint8_t where = 0; where < 20; where += 4) {
      Bytes bytes = {base};
      std::uint32_t number = base * 20u + where;
      for (int i = 0; i < 30; ++i) {
        bytes.push_back(i == 0 ? where : static_cast<std::uint8_t>(number >> 24));
        number = number * 1664525 + 1013904223;  // Numerical Recipes' generator
      }
      write("frozen_actor", fmt::format("actor_{}_change_{}", base, where), bytes);
    }
  }
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count != 2) return 2;
  folder = arguments[1];
  write_safetensors();
  for (const test::SampleProgram& sample : test::sample_programs()) {
    write("program", sample.name, sample.encoded);
  }
  write("abi", "run", addition_run());
  write("abi", "registers", recurrence_runs());
  write_abi_others();
  write_requests();
  write_frozen_actors();
  return 0;
}
