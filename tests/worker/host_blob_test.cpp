#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string_view>
#include <system_error>

#include "worker/blob.hpp"

namespace coppice {
namespace {

std::span<const std::byte> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::string as_text(const Blob& blob) {
  return {reinterpret_cast<const char*>(blob.bytes().data()), blob.bytes().size()};
}

TEST(Blob, HoldsACopy) {
  const Blob blob = Blob::copy(as_bytes("123456789"));
  EXPECT_EQ(as_text(blob), "123456789");
  EXPECT_EQ(blob.crc(), 0xcbf43926u);  // the check value of CRC-32
  EXPECT_EQ(blob.crc(), 0xcbf43926u);
}

TEST(Blob, CanNotBeChangedThroughItsDescriptor) {
  const Blob blob = Blob::copy(as_bytes("fixed"));
  EXPECT_EQ(::pwrite(blob.fd(), "x", 1, 0), -1);
  EXPECT_EQ(::ftruncate(blob.fd(), 0), -1);
  EXPECT_EQ(::mmap(nullptr, 5, PROT_READ | PROT_WRITE, MAP_SHARED, blob.fd(), 0), MAP_FAILED);
}

TEST(Blob, MayBeEmpty) {
  const Blob blob = Blob::copy({});
  EXPECT_GE(blob.fd(), 0);
  EXPECT_EQ(blob.size(), 0u);
  EXPECT_EQ(blob.crc(), 0u);
  EXPECT_EQ(Blob::adopt(::dup(blob.fd())).size(), 0u);
}

TEST(Blob, IsFilledInChunksOfAnyOrder) {
  BlobBuilder builder(8);
  std::memcpy(builder.bytes().data() + 4, "5678", 4);
  std::memcpy(builder.bytes().data(), "1234", 4);
  Blob blob = std::move(builder).finish();
  const Blob moved = std::move(blob);
  EXPECT_EQ(as_text(moved), "12345678");
}

TEST(Blob, SealsAMemfdThatItAdopts) {
  const int fd = ::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  ASSERT_EQ(::write(fd, "state", 5), 5);
  const int kept = ::dup(fd);
  const Blob blob = Blob::adopt(fd);
  EXPECT_EQ(blob.fd(), fd) << "it was copied without need";
  EXPECT_EQ(::pwrite(kept, "x", 1, 0), -1) << "the giver can still write";
  EXPECT_EQ(as_text(blob), "state");
  ::close(kept);
}

TEST(Blob, CopiesWhatCanNotBeSealed) {
  const int fd = ::memfd_create("test", MFD_CLOEXEC);
  ASSERT_EQ(::write(fd, "state", 5), 5);
  const int kept = ::dup(fd);
  const Blob blob = Blob::adopt(fd);
  ASSERT_EQ(::pwrite(kept, "XXXXX", 5, 0), 5);
  ASSERT_EQ(::ftruncate(kept, 0), 0);
  EXPECT_EQ(as_text(blob), "state");
  ::close(kept);
}

TEST(Blob, RefusesWhatIsNoFile) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  EXPECT_THROW(Blob::adopt(ends[0]), std::system_error);
  EXPECT_EQ(::fcntl(ends[0], F_GETFD), -1) << "it was not closed";
  EXPECT_THROW(Blob::adopt(-1), std::system_error);
  ::close(ends[1]);
}

}  // namespace
}  // namespace coppice
