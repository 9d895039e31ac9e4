#include "os/private_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <utility>

#include "os/input_file.h"
#include "os/posix.h"
#include "os/replace_file.h"

namespace driftwood::os {
namespace {

Result<void> make_folders(const std::string& path) {
  for (std::size_t end = 0; end != std::string::npos;) {
    end = path.find('/', end + 1);
    if (::mkdir(path.substr(0, end).c_str(), S_IRWXU) == 0 || errno == EEXIST) continue;
    // What is above may be there and yet not be ours to make.
    if (end == std::string::npos) {
      return fail(ErrorCode::io, "Folder \"{}\" cannot be made: {}.", path, errno_text());
    }
  }
  struct stat status;
  if (::stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || !is_ours_alone(status)) {
    return fail(ErrorCode::io, "\"{}\" is no folder that this user alone may write.", path);
  }
  return {};
}

struct Entry {
  std::filesystem::path path;
  std::filesystem::file_time_type written;
  std::uint64_t size_bytes;
};

}  // namespace

PrivateFolder::PrivateFolder(std::string path, std::string suffix)
    : path_(std::move(path)), suffix_(std::move(suffix)) {}

Result<std::vector<std::byte>> PrivateFolder::read(const std::string& name,
                                                   std::uint64_t most_bytes) const {
  const std::string path = path_ + "/" + name + suffix_;
  DW_TRY_ASSIGN(const InputFile file, InputFile::open(path));
  DW_TRY_ASSIGN(const bool ours_alone, file.is_ours_alone());
  if (!ours_alone) {
    return fail(ErrorCode::io, "\"{}\" is no file that this user alone may write.", path);
  }
  if (file.size_bytes() > most_bytes) {
    return fail(ErrorCode::limit, "File \"{}\" ({} bytes) is longer than the limit ({} bytes).",
                path, file.size_bytes(), most_bytes);
  }
  std::vector<std::byte> bytes(file.size_bytes());
  DW_TRY(file.read(0, bytes));
  return bytes;
}

Result<void> PrivateFolder::write(const std::string& name,
                                  std::span<const std::span<const std::byte>> parts) const {
  DW_TRY(make_folders(path_));
  return replace_file(path_ + "/" + name + suffix_, parts, Durability::none, Readers::owner);
}

void PrivateFolder::drop_oldest(std::size_t most_files, std::uint64_t most_bytes) const {
  std::vector<Entry> entries;
  std::error_code error;
  for (std::filesystem::directory_iterator item(path_, error), end; !error && item != end;
       item.increment(error)) {
    const std::string name = item->path().filename().string();
    if (!name.ends_with(suffix_) && !name.starts_with(kTemporaryPrefix)) continue;
    // Another process may delete it meanwhile.
    std::error_code no_size, no_time;
    const Entry entry = {item->path(), item->last_write_time(no_time), item->file_size(no_size)};
    if (!no_size && !no_time) entries.push_back(entry);
  }
  std::ranges::sort(entries, std::greater(), &Entry::written);
  std::uint64_t total_bytes = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    total_bytes += entries[i].size_bytes;
    if (i < most_files && total_bytes <= most_bytes) continue;
    std::filesystem::remove(entries[i].path, error);
  }
}

}  // namespace driftwood::os
