// A shared library that is loaded while the program runs, such as a GPU's driver: the program
// starts where it is not installed.
#pragma once

#include <memory>
#include <string>

#include "core/error.h"

namespace driftwood::os {

// Lifetime: what a symbol names stays valid for as long as its library.
class Library {
 public:
  // `name` as the system's loader takes it: "libvulkan.so.1". Errors: not_found, with the loader's
  // words.
  static Result<Library> open(const std::string& name);

  // The address of a function or variable. Errors: not_found.
  Result<void*> find(const std::string& symbol) const;

 private:
  struct Close {
    void operator()(void* handle) const;
  };

  explicit Library(void* handle) : handle_(handle) {}

  std::unique_ptr<void, Close> handle_;
};

}  // namespace driftwood::os
