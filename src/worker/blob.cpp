#include "worker/blob.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace coppice {
namespace {

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void unmap(const std::byte* data, std::size_t size) {
  if (data != nullptr) ::munmap(const_cast<std::byte*>(data), size);
}

}  // namespace

Blob::Blob(Blob&& other) noexcept
    : fd_(std::move(other.fd_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      crc_(other.crc_.exchange(kUnknown)) {}

Blob& Blob::operator=(Blob&& other) noexcept {
  if (this == &other) return *this;
  unmap(data_, size_);
  fd_ = std::move(other.fd_);
  data_ = std::exchange(other.data_, nullptr);
  size_ = std::exchange(other.size_, 0);
  crc_ = other.crc_.exchange(kUnknown);
  return *this;
}

Blob::~Blob() {
  unmap(data_, size_);
}

Blob Blob::sealed(UniqueFd fd, std::size_t size) {
  Blob blob;
  if (size > 0) {
    // Private, since older kernels refuse a shared mapping of a file that is sealed against writing; pages
    // are still those of the file, as nobody writes.
    void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
    if (data == MAP_FAILED) fail("cannot map a checkpoint");
    blob.data_ = static_cast<const std::byte*>(data);
  }
  blob.size_ = size;
  blob.fd_ = std::move(fd);
  return blob;
}

Blob Blob::copy(std::span<const std::byte> bytes) {
  BlobBuilder builder(bytes.size());
  if (!bytes.empty()) std::memcpy(builder.bytes().data(), bytes.data(), bytes.size());
  return std::move(builder).finish();
}

Blob Blob::adopt(int fd) {
  UniqueFd file(fd);
  struct stat status {};
  if (::fstat(fd, &status) != 0) fail("cannot stat a checkpoint");
  if (!S_ISREG(status.st_mode)) {
    throw std::system_error(EINVAL, std::generic_category(), "a checkpoint is not a regular file");
  }
  const int seals = ::fcntl(fd, F_GET_SEALS);
  constexpr int kNeeded = F_SEAL_SHRINK | F_SEAL_WRITE;
  if (seals >= 0 && ((seals & kNeeded) == kNeeded || ::fcntl(fd, F_ADD_SEALS, kSeals) == 0)) {
    // The size only counts once nobody can change it.
    if (::fstat(fd, &status) != 0) fail("cannot stat a checkpoint");
    return sealed(std::move(file), static_cast<std::size_t>(status.st_size));
  }
  BlobBuilder builder(static_cast<std::size_t>(status.st_size));
  std::span<std::byte> rest = builder.bytes();
  off_t offset = 0;
  while (!rest.empty()) {
    const ssize_t count =
        ::pread(fd, rest.data(), std::min<std::size_t>(rest.size(), std::size_t{1} << 30), offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("cannot read a checkpoint");
    if (count == 0) {
      throw std::system_error(EIO, std::generic_category(), "a checkpoint shrank while it was read");
    }
    offset += count;
    rest = rest.subspan(static_cast<std::size_t>(count));
  }
  return std::move(builder).finish();
}

std::uint32_t Blob::crc() const {
  std::uint64_t known = crc_.load(std::memory_order_relaxed);
  if (known == kUnknown) {
    known = ::crc32_z(0, reinterpret_cast<const unsigned char*>(data_), size_);
    crc_.store(known, std::memory_order_relaxed);
  }
  return static_cast<std::uint32_t>(known);
}

BlobBuilder::BlobBuilder(std::size_t size)
    : fd_(::memfd_create("coppice-checkpoint", MFD_CLOEXEC | MFD_ALLOW_SEALING)), size_(size) {
  if (!fd_) fail("cannot create memory for a checkpoint");
  if (size == 0) return;
  if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) fail("cannot reserve memory for a checkpoint");
  void* data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0);
  if (data == MAP_FAILED) fail("cannot map memory for a checkpoint");
  data_ = static_cast<std::byte*>(data);
}

BlobBuilder::BlobBuilder(BlobBuilder&& other) noexcept
    : fd_(std::move(other.fd_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

BlobBuilder& BlobBuilder::operator=(BlobBuilder&& other) noexcept {
  if (this == &other) return *this;
  unmap(data_, size_);
  fd_ = std::move(other.fd_);
  data_ = std::exchange(other.data_, nullptr);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

BlobBuilder::~BlobBuilder() {
  unmap(data_, size_);
}

Blob BlobBuilder::finish() && {
  unmap(std::exchange(data_, nullptr), size_);  // a writable mapping would forbid the seal
  if (::fcntl(fd_.get(), F_ADD_SEALS, kSeals) != 0) fail("cannot seal a checkpoint");
  return Blob::sealed(std::move(fd_), std::exchange(size_, 0));
}

}  // namespace coppice
