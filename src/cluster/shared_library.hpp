/// A library that may not be there: a driver's, looked for when the program runs, so that building needs
/// none.
///
/// Ownership: stays loaded to the end of the process, as drivers keep threads and memory of their own.
/// Threads: any. Failure: what can't be loaded or found is null.
#pragma once

#include <dlfcn.h>

namespace coppice::cluster_detail {

class SharedLibrary {
 public:
  explicit SharedLibrary(const char* name) : handle_(dlopen(name, RTLD_NOW | RTLD_LOCAL)) {}
  bool loaded() const { return handle_ != nullptr; }

  /// Whether the library has it; then `function` can be called.
  template <class Function>
  bool find(const char* name, Function& function) const {
    function = handle_ == nullptr ? nullptr : reinterpret_cast<Function>(dlsym(handle_, name));
    return function != nullptr;
  }

 private:
  void* handle_;
};

}  // namespace coppice::cluster_detail
