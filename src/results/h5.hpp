/// The HDF5 C library behind one checked door. Inside src/results only.
///
/// Ownership: an H5Id closes what it names.
/// Threads: Debian's library is not thread-safe: hold `lock_hdf5()` around everything here.
/// Failure: H5Error with the library's innermost reason; the library itself prints nothing.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

namespace coppice::h5 {

class H5Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Also opens the library, quietly.
std::unique_lock<std::mutex> lock_hdf5();
[[noreturn]] void fail(const char* what);

/// Every result of the C library goes through this: negative is an error.
template <class T>
T checked(T result, const char* what) {
  if (result < 0) fail(what);
  return result;
}

class H5Id {
 public:
  using Close = herr_t (*)(hid_t);
  H5Id(hid_t id, Close close, const char* what) : id_(checked(id, what)), close_(close) {}
  H5Id(H5Id&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  H5Id& operator=(H5Id&&) = delete;
  ~H5Id() {
    if (id_ >= 0) close_(id_);
  }
  operator hid_t() const { return id_; }

 private:
  hid_t id_;
  Close close_;
};

/// In memory.
inline hid_t number_type(std::int64_t) {
  return H5T_NATIVE_INT64;
}
inline hid_t number_type(double) {
  return H5T_NATIVE_DOUBLE;
}
/// Of fixed length, UTF-8, padded with NUL.
H5Id text_type(std::size_t width);
/// Of any length: for attributes.
H5Id long_text_type();

}  // namespace coppice::h5
