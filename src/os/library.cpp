#include "os/library.h"

#include <dlfcn.h>

namespace driftwood::os {

void Library::Close::operator()(void* handle) const {
  dlclose(handle);
}

Result<Library> Library::open(const std::string& name) {
  void* const handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* const why = dlerror();
    return fail(ErrorCode::not_found, "Library \"{}\" cannot be loaded: {}.", name,
                why == nullptr ? "the loader says nothing" : why);
  }
  return Library(handle);
}

Result<void*> Library::find(const std::string& symbol) const {
  void* const address = dlsym(handle_.get(), symbol.c_str());
  if (address == nullptr) {
    return fail(ErrorCode::not_found, "The library has no symbol \"{}\".", symbol);
  }
  return address;
}

}  // namespace driftwood::os
