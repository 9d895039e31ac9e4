// What two frozen actors have not in common.
#include <driftwood/frozen.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "actor/frozen_file.h"
#include "core/error.h"
#include "device/append_state.h"
#include "guest/global.h"
#include "model/fingerprint.h"
#include "tensor/convert.h"

namespace driftwood {
namespace {

using actor::frozen::File;
using device::AppendState;
using model::hexadecimal;
using nlohmann::json;
using tensor::DType;

constexpr std::uint64_t kMostListed = 5;     // of each kind
constexpr std::size_t kMostShownBytes = 64;  // of a field
constexpr std::uint64_t kPieceBytes = 1 << 20;
constexpr std::uint64_t kBlockRows = AppendState::kBlockRows;
constexpr std::string_view kNone = "none";

// What the clock says is not what an actor is: it runs on for each of them.
constexpr std::string_view kClocks[] = {"clock_ns", "left_ns"};

std::string shortened(std::string text) {
  if (text.size() > kMostShownBytes) text = text.substr(0, kMostShownBytes) + " ...";
  return text;
}

// The index of the first byte that differs. Precondition: one does, and the sizes are equal.
std::size_t first_difference(std::span<const std::byte> a, std::span<const std::byte> b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

class Differ {
 public:
  Differ(const File& a, const File& b) : a_(a), b_(b) {}

  Result<FrozenDiff> compare() {
    DW_TRY(compare_tokens());
    DW_TRY(compare_globals());
    DW_TRY(compare_pages());
    DW_TRY(compare_states());
    DW_TRY(compare_fields());
    DW_TRY(compare_tensors());
    return std::move(diff_);
  }

 private:
  using Tensor = File::Tensor;

  void note(std::uint64_t& count, std::string what, std::string first, std::string second) {
    if (count++ >= kMostListed) return;
    diff_.differences.push_back({std::move(what), std::move(first), std::move(second)});
  }

  std::size_t state_count() const {
    return std::min(a_.descriptor().states.size(), b_.descriptor().states.size());
  }

  static std::string tokens_name(std::size_t state) {
    return fmt::format("state.{}.tokens", state);
  }

  Result<void> compare_tokens() {
    for (std::size_t n = 0; n < state_count(); ++n) {
      const std::string name = tokens_name(n);
      if (a_.find(name) == nullptr || b_.find(name) == nullptr) continue;
      DW_TRY_ASSIGN(const auto a, tokens_of(a_, name));
      DW_TRY_ASSIGN(const auto b, tokens_of(b_, name));
      const auto shown = [](const auto& tokens, std::size_t i) {
        return i < tokens.size() ? fmt::format("{}", tokens[i]) : std::string(kNone);
      };
      for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
        if (shown(a, i) == shown(b, i)) continue;
        note(diff_.tokens, fmt::format("token {} of state {}", i, n), shown(a, i), shown(b, i));
      }
    }
    return {};
  }

  static Result<std::vector<std::int32_t>> tokens_of(const File& file, const std::string& name) {
    DW_TRY_ASSIGN(const Tensor* tensor, file.require(name, DType::i32, 1));
    std::vector<std::int32_t> tokens(tensor->shape[0]);
    DW_TRY(file.read(*tensor, 0, std::as_writable_bytes(std::span(tokens))));
    return tokens;
  }

  Result<void> compare_globals() {
    const auto& of_a = a_.descriptor().globals;
    const auto& of_b = b_.descriptor().globals;
    if (of_a.size() != of_b.size()) {
      note(diff_.other, "number of globals", fmt::format("{}", of_a.size()),
           fmt::format("{}", of_b.size()));
      return {};
    }
    DW_TRY_ASSIGN(const auto a, globals_of(a_));
    DW_TRY_ASSIGN(const auto b, globals_of(b_));
    constexpr std::size_t kBytes = sizeof(guest::Global::bits);
    for (std::size_t i = 0; i < of_a.size(); ++i) {
      const auto bits_of = [&](const auto& all) {
        return std::span(all).subspan(i * kBytes, kBytes);
      };
      if (of_a[i].type == of_b[i].type && std::ranges::equal(bits_of(a), bits_of(b))) continue;
      note(diff_.globals, fmt::format("global {}", of_a[i].index),
           fmt::format("{} {}", of_a[i].type, hexadecimal(bits_of(a))),
           fmt::format("{} {}", of_b[i].type, hexadecimal(bits_of(b))));
    }
    return {};
  }

  static Result<std::vector<std::byte>> globals_of(const File& file) {
    DW_TRY_ASSIGN(const Tensor* tensor, file.require(actor::frozen::kGlobals, DType::u8, 2));
    const std::size_t count = file.descriptor().globals.size();
    if (tensor->shape[0] != count || tensor->shape[1] != sizeof(guest::Global::bits)) {
      return fail(ErrorCode::corrupt, "There are {} globals, but their values have the shape {}.",
                  count, tensor::to_string(tensor->shape));
    }
    return file.read_all(*tensor);
  }

  // Numbers of pages, and which of the file's pages each is.
  using Pages = std::map<std::uint32_t, std::uint64_t>;

  static Result<Pages> pages_of(const File& file) {
    DW_TRY_ASSIGN(const Tensor* numbers, file.require(actor::frozen::kMemoryPages, DType::u32, 1));
    DW_TRY_ASSIGN(const Tensor* pages, file.require(actor::frozen::kMemory, DType::u8, 2));
    std::vector<std::uint32_t> list(numbers->shape[0]);
    if (pages->shape[0] != list.size() || pages->shape[1] != actor::frozen::kPageBytes) {
      return fail(ErrorCode::corrupt,
                  "There are {} numbers of pages, but the pages have the shape {}.", list.size(),
                  tensor::to_string(pages->shape));
    }
    DW_TRY(file.read(*numbers, 0, std::as_writable_bytes(std::span(list))));
    Pages found;
    for (std::size_t i = 0; i < list.size(); ++i) found.emplace(list[i], i);
    return found;
  }

  // A page that is not in the file is zero.
  static Result<std::vector<std::byte>> page_of(const File& file, const Pages& pages,
                                                std::uint32_t number) {
    std::vector<std::byte> page(actor::frozen::kPageBytes);
    if (const auto found = pages.find(number); found != pages.end()) {
      DW_TRY(file.read(*file.find(actor::frozen::kMemory), found->second * page.size(), page));
    }
    return page;
  }

  Result<void> compare_pages() {
    DW_TRY_ASSIGN(const Pages of_a, pages_of(a_));
    DW_TRY_ASSIGN(const Pages of_b, pages_of(b_));
    std::set<std::uint32_t> numbers;
    for (const Pages* pages : {&of_a, &of_b}) {
      for (const auto& [number, place] : *pages) numbers.insert(number);
    }
    for (const std::uint32_t number : numbers) {
      DW_TRY_ASSIGN(const auto a, page_of(a_, of_a, number));
      DW_TRY_ASSIGN(const auto b, page_of(b_, of_b, number));
      if (a == b) continue;
      const std::size_t at = first_difference(a, b);
      const std::size_t shown_bytes = std::min<std::size_t>(8, a.size() - at);
      const auto shown = [&](const auto& page) {
        return hexadecimal(std::span(page).subspan(at, shown_bytes));
      };
      note(diff_.pages, fmt::format("page {} of the memory, from byte {}", number, at), shown(a),
           shown(b));
    }
    return {};
  }

  Result<void> compare_states() {
    for (std::size_t n = 0; n < state_count(); ++n) {
      DW_TRY_ASSIGN(const Tensor* a, state_of(a_, n));
      DW_TRY_ASSIGN(const Tensor* b, state_of(b_, n));
      const auto kind = [](const Tensor& tensor) {
        const auto& shape = tensor.shape;
        return fmt::format("{} of {} planes, {} heads, {} wide", tensor::name(tensor.dtype),
                           shape[1], shape[2], shape[4]);
      };
      if (kind(*a) != kind(*b)) {
        note(diff_.other, fmt::format("kind of state {}", n), kind(*a), kind(*b));
      } else {
        DW_TRY(compare_rows(n, *a, *b));
      }
    }
    return {};
  }

  // [blocks, planes, heads, 16, dim]
  static Result<const Tensor*> state_of(const File& file, std::size_t n) {
    const std::string name = fmt::format("state.{}", n);
    const Tensor* tensor = file.find(name);
    const std::uint64_t rows = file.descriptor().states[n].rows;
    const bool is_state = tensor != nullptr && tensor->shape.size() == 5 &&
                          tensor->shape[3] == kBlockRows && tensor::is_float(tensor->dtype);
    // Blocks have bytes, so that the file's size bounds the rows.
    if (is_state && (rows == 0 || tensor->end > tensor->begin) &&
        AppendState::blocks_of(rows) <= tensor->shape[0]) {
      return tensor;
    }
    return fail(ErrorCode::corrupt,
                "There is no tensor \"{}\" of shape [blocks, planes, heads, {}, dim] with {} rows.",
                name, kBlockRows, rows);
  }

  Result<void> compare_rows(std::size_t n, const Tensor& a, const Tensor& b) {
    const std::uint64_t rows_a = a_.descriptor().states[n].rows;
    const std::uint64_t rows_b = b_.descriptor().states[n].rows;
    const std::uint64_t common = std::min(rows_a, rows_b);
    std::vector<std::byte> block_a(a.shape[0] == 0 ? 0 : (a.end - a.begin) / a.shape[0]);
    std::vector<std::byte> block_b(block_a.size());
    for (std::uint64_t begin = 0; begin < common; begin += kBlockRows) {
      const std::uint64_t block = begin / kBlockRows;
      DW_TRY(a_.read(a, block * block_a.size(), block_a));
      DW_TRY(b_.read(b, block * block_b.size(), block_b));
      if (block_a == block_b) continue;
      for (std::uint64_t row = begin; row < std::min(begin + kBlockRows, common); ++row) {
        compare_row(n, row, a, block_a, block_b);
      }
    }
    for (std::uint64_t row = common; row < std::max(rows_a, rows_b); ++row) {
      const auto shown = [row](std::uint64_t rows) { return row < rows ? "there" : "none"; };
      note(diff_.rows, fmt::format("state {}, row {}", n, row), shown(rows_a), shown(rows_b));
    }
    return {};
  }

  void compare_row(std::size_t n, std::uint64_t row, const Tensor& tensor,
                   std::span<const std::byte> a, std::span<const std::byte> b) {
    const std::uint64_t planes = tensor.shape[1], heads = tensor.shape[2], dim = tensor.shape[4];
    for (std::uint64_t head = 0; head < planes * heads; ++head) {
      const std::uint64_t begin = (head * kBlockRows + row % kBlockRows) * dim;
      for (std::uint64_t i = begin; i < begin + dim; ++i) {
        const std::size_t bytes = tensor::size_bytes(tensor.dtype);
        if (std::ranges::equal(a.subspan(i * bytes, bytes), b.subspan(i * bytes, bytes))) continue;
        note(diff_.rows, fmt::format("state {}, row {}, plane {}", n, row, head / heads),
             fmt::format("{}", tensor::load_float(tensor.dtype, a, i)),
             fmt::format("{}", tensor::load_float(tensor.dtype, b, i)));
        return;
      }
    }
  }

  Result<void> compare_fields() {
    const auto a = json::parse(a_.header().metadata.at("actor"), nullptr, false);
    const auto b = json::parse(b_.header().metadata.at("actor"), nullptr, false);
    for (const auto& [key, value] : a.items()) {
      if (std::ranges::count(kClocks, key) > 0 || (b.contains(key) && b[key] == value)) continue;
      const auto shown = [](const json& field) {
        return shortened(field.dump(-1, ' ', true, json::error_handler_t::replace));
      };
      note(diff_.other, "field " + key, shown(value),
           b.contains(key) ? shown(b[key]) : std::string(kNone));
    }
    return {};
  }

  // Those that are bytes to this comparison and nothing more.
  Result<void> compare_tensors() {
    std::set<std::string> names;
    for (const File* file : {&a_, &b_}) {
      for (const std::string& name : actor::frozen::checked_tensors(file->header())) {
        names.insert(name);
      }
    }
    for (const std::string_view name :
         {actor::frozen::kGlobals, actor::frozen::kMemory, actor::frozen::kMemoryPages}) {
      names.erase(std::string(name));
    }
    for (std::size_t n = 0; n < state_count(); ++n) {
      names.erase(fmt::format("state.{}", n));
      if (a_.find(tokens_name(n)) != nullptr && b_.find(tokens_name(n)) != nullptr) {
        names.erase(tokens_name(n));
      }
    }
    for (const std::string& name : names) DW_TRY(compare_bytes(name));
    return {};
  }

  Result<void> compare_bytes(const std::string& name) {
    const Tensor* a = a_.find(name);
    const Tensor* b = b_.find(name);
    const auto kind = [](const Tensor* tensor) {
      if (tensor == nullptr) return std::string(kNone);
      return fmt::format("{} {}", tensor::name(tensor->dtype), tensor::to_string(tensor->shape));
    };
    if (kind(a) != kind(b)) {
      note(diff_.other, "tensor " + name, kind(a), kind(b));
      return {};
    }
    std::vector<std::byte> of_a, of_b;
    for (std::uint64_t at = 0; at < a->end - a->begin; at += of_a.size()) {
      of_a.resize(std::min(kPieceBytes, a->end - a->begin - at));
      of_b.resize(of_a.size());
      DW_TRY(a_.read(*a, at, of_a));
      DW_TRY(b_.read(*b, at, of_b));
      if (of_a == of_b) continue;
      const std::size_t differs = first_difference(of_a, of_b);
      note(diff_.other, fmt::format("tensor {}, from byte {}", name, at + differs),
           hexadecimal(std::span(of_a).subspan(differs, 1)),
           hexadecimal(std::span(of_b).subspan(differs, 1)));
      return {};
    }
    return {};
  }

  const File& a_;
  const File& b_;
  FrozenDiff diff_ = {};
};

}  // namespace

Result<FrozenDiff> diff_frozen(const std::string& first, const std::string& second) {
  DW_TRY_ASSIGN(const File a, File::open(first));
  DW_TRY_ASSIGN(const File b, File::open(second));
  auto diff = Differ(a, b).compare();
  if (!diff) return pass_on(diff, fmt::format("While comparing {} and {}", first, second));
  return diff;
}

}  // namespace driftwood
