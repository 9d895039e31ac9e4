// write_seeds FOLDER: writes the seeds of every target into FOLDER/<target>/.
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "driftwood.h"
#include "support/sample_programs.h"

namespace {

using namespace driftwood;
using Bytes = std::vector<std::uint8_t>;

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

// A list of calls as interpreter.cpp reads it.
class Calls {
 public:
  Calls& call(std::uint8_t import) {
    bytes_.push_back(import);
    return *this;
  }
  Calls& number(std::uint32_t value) { return put(0, value, 4); }
  Calls& in_message(std::uint32_t offset) { return put(1, offset, 2); }
  Calls& small(std::uint32_t value) { return put(2, value, 1); }
  Calls& result(std::uint32_t call) { return put(3, call, 1); }
  Calls& returns(std::int8_t next) {
    bytes_.push_back(0x80);
    bytes_.push_back(static_cast<std::uint8_t>(next));
    return *this;
  }
  // The calls, then data at an offset.
  Bytes with_data(std::size_t offset, const Bytes& data) const {
    Bytes bytes = bytes_;
    bytes.resize(offset);
    bytes.insert(bytes.end(), data.begin(), data.end());
    return bytes;
  }

 private:
  Calls& put(std::uint8_t kind, std::uint32_t value, int byte_count) {
    bytes_.push_back(kind);
    for (int i = 0; i < byte_count; ++i)
      bytes_.push_back(static_cast<std::uint8_t>(value >> 8 * i));
    return *this;
  }
  Bytes bytes_;
};

// The places in interpreter.cpp's table.
enum Import : std::uint8_t {
  kLog = 1,
  kErrorText = 2,
  kModelOpen = 3,
  kModelConfig = 4,
  kTokensEncode = 6,
  kTokensDecode = 7,
  kWindowShare = 8,
  kStateAppend = 9,
  kStateLength = 10,
  kStateTruncate = 11,
  kRelease = 12,
  kGraphCompile = 13,
  kGraphBind = 14,
  kGraphStart = 15,
  kMessageRead = 17,
  kOutputWrite = 18,
  kStateRegister = 21
};

void append_words(Bytes& bytes, const std::vector<std::uint32_t>& words) {
  for (const std::uint32_t word : words) {
    for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<std::uint8_t>(word >> 8 * i));
  }
}

// The guest shares the pages of its message; what runs compute on lies behind the calls and data.
constexpr std::uint32_t kSharedBytes = 65536, kOperands = 32768;

// A run of the addition, with its handles released while it goes on.
void write_abi_run() {
  constexpr std::uint32_t kData = 128;
  const Bytes program = test::addition().encode();
  Bytes data;
  append_words(data, {DW_SLOT_WINDOW, 0, 2, kOperands, DW_SLOT_WINDOW, 1, 2, kOperands + 64});
  const auto program_at = static_cast<std::uint32_t>(kData + data.size());
  data.insert(data.end(), program.begin(), program.end());
  Calls run;
  run.call(kGraphCompile)
      .small(0)
      .in_message(program_at)
      .number(static_cast<std::uint32_t>(program.size()))
      .call(kWindowShare)
      .in_message(0)
      .number(kSharedBytes)
      .small(DW_READ_WRITE)
      .call(kGraphBind)
      .result(0)
      .in_message(kData)
      .small(2)
      .call(kGraphStart)
      .result(0)
      .small(0)
      .small(0)
      .returns(DW_NEXT_RUN)
      .call(kRelease)
      .result(0)
      .call(kRelease)
      .result(1)
      .returns(DW_NEXT_CONTINUE)
      .call(kErrorText)
      .in_message(60000)
      .small(255)
      .returns(DW_NEXT_IDLE);
  write("abi", "run", run.with_data(kData, data));
}

// Two runs of a program with weights and registers, the second with what the first one left.
void write_abi_registers() {
  constexpr std::uint32_t kData = 128;
  // Handles are counted from 1: model, graph, window, and the registers, which are the last.
  constexpr std::uint32_t kWindowHandle = 3, kHandleH = 4, kHandleC = 5;
  Bytes data;
  append_words(data, {DW_F32, 3, 1, 2, 1, 0});
  const auto bindings_at = static_cast<std::uint32_t>(kData + data.size());
  append_words(data, {DW_SLOT_WINDOW, 0, kWindowHandle, kOperands});
  append_words(data, {DW_SLOT_WINDOW, 1, kWindowHandle, kOperands + 64});
  append_words(data, {DW_SLOT_REGISTER, 0, kHandleH, 0, DW_SLOT_REGISTER, 1, kHandleC, 0});
  const auto program_at = static_cast<std::uint32_t>(kData + data.size());
  const Bytes program = test::small_recurrence().encode();
  data.insert(data.end(), program.begin(), program.end());
  Calls calls;
  calls.call(kModelOpen).small(0);
  calls.call(kGraphCompile)
      .result(0)
      .in_message(program_at)
      .number(static_cast<std::uint32_t>(program.size()));
  calls.call(kWindowShare).in_message(0).number(kSharedBytes).small(DW_READ_WRITE);
  calls.call(kStateRegister).in_message(kData).call(kStateRegister).in_message(kData);
  calls.call(kGraphBind).result(1).in_message(bindings_at).small(4);
  for (int run = 0; run < 2; ++run) {
    calls.call(kGraphStart).result(1).small(0).small(0).returns(DW_NEXT_RUN);
  }
  calls.call(kRelease).result(3).returns(DW_NEXT_IDLE);
  write("abi", "registers", calls.with_data(kData, data));
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

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count != 2) return 2;
  folder = arguments[1];
  write_safetensors();
  for (const test::SampleProgram& sample : test::sample_programs()) {
    write("program", sample.name, sample.encoded);
  }
  write_abi_run();
  write_abi_registers();
  write_abi_others();
  write_requests();
  return 0;
}
