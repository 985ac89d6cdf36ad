#include "results/h5.hpp"

namespace coppice::h5 {

std::unique_lock<std::mutex> lock_hdf5() {
  static std::mutex mutex;
  std::unique_lock lock(mutex);
  if (H5open() < 0 || H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr) < 0) {
    throw H5Error("the HDF5 library can't be started");
  }
  return lock;
}

void fail(const char* what) {
  std::string reason = what;
  // The first entry upwards is the innermost one, where it went wrong.
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned, const H5E_error2_t* entry, void* text) -> herr_t {
        if (entry->desc != nullptr) *static_cast<std::string*>(text) += std::string(": ") + entry->desc;
        return 1;
      },
      &reason);
  throw H5Error(reason);
}

H5Id text_type(std::size_t width) {
  H5Id type(H5Tcopy(H5T_C_S1), H5Tclose, "text type");
  checked(H5Tset_size(type, width), "text width");
  checked(H5Tset_cset(type, H5T_CSET_UTF8), "text encoding");
  checked(H5Tset_strpad(type, H5T_STR_NULLPAD), "text padding");
  return type;
}

H5Id long_text_type() {
  H5Id type(H5Tcopy(H5T_C_S1), H5Tclose, "text type");
  checked(H5Tset_size(type, H5T_VARIABLE), "text width");
  checked(H5Tset_cset(type, H5T_CSET_UTF8), "text encoding");
  return type;
}

}  // namespace coppice::h5
