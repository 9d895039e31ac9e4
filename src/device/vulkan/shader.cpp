#include "device/vulkan/shader.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace driftwood::device::vulkan {
namespace {

// Words of 32 bits: the first one has the opcode and the length, ids and literals follow.
using Instruction = std::span<const std::uint32_t>;

// "SPIR-V Specification", 2.3, 3.7 and 3.42.
constexpr std::size_t kHeaderWords = 5;
enum Opcode : std::uint32_t {
  kSource = 3,
  kName = 5,
  kEntryPoint = 15,
  kExecutionMode = 16,
  kConstantTrue = 41,    // the first of those
  kSpecConstantOp = 52,  // that make constants
  kFunction = 54,
  kFunctionEnd = 56,
  kFunctionCall = 57,
  kVariable = 59,
  kDecorate = 71,
  kExecutionModeId = 331,
  kDecorateId = 332,
};
constexpr std::uint32_t kWorkgroup = 4;  // the storage class of what a workgroup shares

std::uint32_t opcode(Instruction instruction) {
  return instruction[0] & 0xffff;
}

std::uint32_t word(Instruction instruction, std::size_t i) {
  return i < instruction.size() ? instruction[i] : 0;  // no id is 0
}

std::vector<Instruction> split(std::span<const std::uint32_t> words) {
  std::vector<Instruction> all;
  for (std::size_t at = kHeaderWords; at < words.size(); at += all.back().size()) {
    const std::size_t length = std::clamp<std::size_t>(words[at] >> 16, 1, words.size() - at);
    all.push_back(words.subspan(at, length));
  }
  return all;
}

// What is left of a module for one of its entry points.
class Selection {
 public:
  Selection(const std::vector<Instruction>& all, std::string_view entry) {
    for (const Instruction instruction : all) find_entry(instruction, entry);
    for (const Instruction instruction : all) find_calls(instruction);
    take_function(entry_);
    for (const Instruction instruction : all) find_unused(instruction);
    for (const Instruction instruction : all) {
      // A constant is the module's, though a function's instruction may have it in the same place
      // as others have their result.
      const std::uint32_t what = opcode(instruction);
      if (what >= kConstantTrue && what <= kSpecConstantOp) unused_.erase(word(instruction, 2));
    }
  }

  bool is_empty() const { return entry_ == 0; }

  // Whether this instruction, the next one of the module, belongs to it.
  bool takes(Instruction instruction) {
    switch (opcode(instruction)) {
      // It gives Slang's number among languages, which older validation layers take for a fault.
      case kSource:
        return false;
      case kEntryPoint:
        return word(instruction, 2) == entry_;
      case kExecutionMode:
      case kExecutionModeId:
        return word(instruction, 1) == entry_;
      case kName:
      case kDecorate:
      case kDecorateId:
        return !unused_.contains(word(instruction, 1));
      case kVariable:
        return is_taken() && !unused_.contains(word(instruction, 2));
      case kFunction:
        function_ = word(instruction, 2);
        return is_taken();
      case kFunctionEnd: {
        const bool taken = is_taken();
        function_ = 0;
        return taken;
      }
      default:
        return is_taken();
    }
  }

 private:
  void find_entry(Instruction instruction, std::string_view entry) {
    constexpr std::size_t kNameWord = 3;
    if (opcode(instruction) != kEntryPoint || instruction.size() <= kNameWord) return;
    std::string name;
    for (const std::byte byte : std::as_bytes(instruction.subspan(kNameWord))) {
      if (byte == std::byte{0}) break;
      name.push_back(static_cast<char>(byte));
    }
    if (name != entry) return;
    entry_ = word(instruction, 2);
    for (std::size_t i = kNameWord + name.size() / sizeof(std::uint32_t) + 1;
         i < instruction.size(); ++i) {
      interface_.insert(instruction[i]);
    }
  }

  void find_calls(Instruction instruction) {
    if (opcode(instruction) == kFunction) function_ = word(instruction, 2);
    if (opcode(instruction) == kFunctionCall) calls_.emplace(function_, word(instruction, 3));
    if (opcode(instruction) == kFunctionEnd) function_ = 0;
  }

  void take_function(std::uint32_t id) {
    if (!functions_.insert(id).second) return;
    const auto [begin, end] = calls_.equal_range(id);
    for (auto call = begin; call != end; ++call) take_function(call->second);
  }

  // Ids of what is left out: memory of other entry points, and results in functions that are not
  // called. Since version 1.4 an entry point names all variables that it uses.
  void find_unused(Instruction instruction) {
    const std::uint32_t what = opcode(instruction), result = word(instruction, 2);
    if (what == kFunction) function_ = result;
    const bool is_others_memory = function_ == 0 && what == kVariable &&
                                  word(instruction, 3) == kWorkgroup &&
                                  !interface_.contains(result);
    if (is_others_memory || !is_taken()) unused_.insert(result);
    if (what == kFunctionEnd) function_ = 0;
  }

  // Whether the function that instructions are in is one that is called; so are those outside.
  bool is_taken() const { return function_ == 0 || functions_.contains(function_); }

  std::uint32_t entry_ = 0;                            // its function
  std::set<std::uint32_t> interface_;                  // variables
  std::multimap<std::uint32_t, std::uint32_t> calls_;  // functions, by who calls them
  std::set<std::uint32_t> functions_;                  // that are called
  std::set<std::uint32_t> unused_;
  std::uint32_t function_ = 0;  // that the present instruction is in
};

}  // namespace

Result<std::vector<std::uint32_t>> shader_of(std::span<const std::byte> spirv,
                                             std::string_view entry) {
  std::vector<std::uint32_t> all(spirv.size() / sizeof(std::uint32_t));
  std::copy_n(spirv.begin(), all.size() * sizeof(std::uint32_t),
              std::as_writable_bytes(std::span(all)).begin());
  const std::vector<Instruction> instructions = split(all);
  Selection selection(instructions, entry);
  if (selection.is_empty()) {
    return fail(ErrorCode::unsupported, "There is no GPU kernel {}.", entry);
  }
  std::vector<std::uint32_t> words(all.begin(), all.begin() + kHeaderWords);
  for (const Instruction instruction : instructions) {
    if (!selection.takes(instruction)) continue;
    words.insert(words.end(), instruction.begin(), instruction.end());
  }
  return words;
}

}  // namespace driftwood::device::vulkan
