#include "worker/checkpoint_file.hpp"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>

#include <fstream>

#include "checkpoint_support.hpp"

namespace coppice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const CheckpointId kId{12, 40, make_segment(3, 7)};
const char* const kName = "t12-s40-3.7.ckpt";

class CheckpointFile : public testing::Test {
 protected:
  std::filesystem::path file() const { return folder_.path() / kName; }
  std::string content() const {
    std::ifstream in(file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void replace(const std::string& bytes) const { std::ofstream(file(), std::ios::binary) << bytes; }
  void expect_unreadable(const std::string& why) const {
    const CheckpointRead got = read_checkpoint_file(folder_.path(), kId);
    EXPECT_THAT(got.error, HasSubstr(why));
    EXPECT_THAT(got.error, HasSubstr(file().string())) << "says which";
    EXPECT_EQ(got.blob.size(), 0u);
  }
  Folder folder_;
};

TEST_F(CheckpointFile, ComesBackAsItWas) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{24}, std::size_t{3} << 20}) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 131 + i / 256);
    EXPECT_EQ(write_checkpoint_file(folder_.path(), kId, blob_of(bytes)), "");
    const CheckpointRead got = read_checkpoint_file(folder_.path(), kId);
    EXPECT_EQ(got.error, "");
    EXPECT_TRUE(text_of(got.blob) == bytes) << size << " bytes";
    EXPECT_GE(got.blob.fd(), 0) << "a host needs a descriptor, also of nothing";
  }
  EXPECT_THAT(folder_.files(), ElementsAre(kName)) << "and no temporary file";
}

TEST_F(CheckpointFile, HoldsTheDocumentedLayout) {
  ASSERT_EQ(write_checkpoint_file(folder_.path(), kId, blob_of("123456789")), "");
  // 0xcbf43926 is the check value of CRC-32.
  EXPECT_EQ(content(), std::string("COPPICEC\1\0\0\0\x26\x39\xf4\xcb\x09\0\0\0\0\0\0\0"
                                   "123456789",
                                   33));
}

TEST_F(CheckpointFile, DamageAnywhereIsFound) {
  ASSERT_EQ(write_checkpoint_file(folder_.path(), kId, blob_of("the state")), "");
  const std::string good = content();
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    replace(bad);
    SCOPED_TRACE("byte " + std::to_string(at));
    expect_unreadable("is damaged");
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    replace(good.substr(0, size));
    SCOPED_TRACE("cut to " + std::to_string(size));
    expect_unreadable("is damaged");
  }
  replace(good + "x");
  expect_unreadable("is damaged");
  replace(good);
  EXPECT_EQ(read_checkpoint_file(folder_.path(), kId).error, "") << "it was the damage that was found";
}

TEST_F(CheckpointFile, WithoutAFileSaysSo) {
  expect_unreadable("No such file");
}

TEST_F(CheckpointFile, TakesThePlaceOfADamagedOne) {
  replace("rubbish");
  EXPECT_EQ(write_checkpoint_file(folder_.path(), kId, blob_of("good")), "");
  EXPECT_EQ(text_of(read_checkpoint_file(folder_.path(), kId).blob), "good");
}

TEST_F(CheckpointFile, AFolderThatIsNotThereIsNamed) {
  const std::string error = write_checkpoint_file(folder_.path() / "gone", kId, blob_of("state"));
  EXPECT_THAT(error, HasSubstr((folder_.path() / "gone").string()));
  EXPECT_THAT(error, HasSubstr("5 bytes"));
}

/// What a full disk or a quota does, by the limit on the size of files: the write ends in the middle.
TEST_F(CheckpointFile, AFullDiskLeavesNoTemporaryFileAndTheOldOneAlone) {
  ASSERT_EQ(write_checkpoint_file(folder_.path(), kId, blob_of("old")), "");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  const Blob blob = blob_of(std::string(100000, 'x'));
  const rlimit small{50000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string error = write_checkpoint_file(folder_.path(), kId, blob);
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
  EXPECT_THAT(error, HasSubstr(file().string()));
  EXPECT_THAT(error, HasSubstr("100000 bytes"));
  EXPECT_THAT(folder_.files(), ElementsAre(kName));
  EXPECT_EQ(text_of(read_checkpoint_file(folder_.path(), kId).blob), "old");
}

TEST_F(CheckpointFile, ARenameThatFailsLeavesNoTemporaryFile) {
  std::filesystem::create_directories(file() / "in the way");
  EXPECT_NE(write_checkpoint_file(folder_.path(), kId, blob_of("state")), "");
  EXPECT_THAT(folder_.files(), ElementsAre(kName));
}

TEST(CheckpointName, IsReadBack) {
  for (const CheckpointId& id :
       {CheckpointId{0, 0, make_segment(1, 1)}, kId,
        CheckpointId{1'000'000'000'000, 999, make_segment(2147483647, 2147483647)}}) {
    const auto parsed = parse_checkpoint_file_name(checkpoint_file_name(id));
    ASSERT_TRUE(parsed) << checkpoint_file_name(id);
    EXPECT_EQ(*parsed, id);
  }
  EXPECT_EQ(checkpoint_file_name(kId), kName);
}

TEST(CheckpointName, NothingElseIsTakenForOne) {
  for (const char* name :
       {"", "t", "t1-s2-3.4.ckpt.tmp", "t1-s2-3.4", "t1-s2-3.ckpt", "t-s2-3.4.ckpt", " t1-s2-3.4.ckpt",
        "t1-s2-3.4.ckptx", "T1-s2-3.4.ckpt", "t99999999999999999999-s2-3.4.ckpt", "study.h5"}) {
    EXPECT_FALSE(parse_checkpoint_file_name(name)) << name;
  }
}

}  // namespace
}  // namespace coppice
