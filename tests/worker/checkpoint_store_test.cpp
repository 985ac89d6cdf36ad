#include "worker/checkpoint_store.hpp"

#include <gmock/gmock.h>
#include <poll.h>

#include <algorithm>
#include <fstream>
#include <memory>

#include "checkpoint_support.hpp"
#include "worker/checkpoint_file.hpp"

namespace coppice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int kStoreHangs_ms = 60000;

CheckpointId id(TrialId trial) {
  return {trial, 1, make_segment(1, static_cast<std::int32_t>(trial) + 1)};
}

std::string to_text(const StoreResult& result) {
  if (const auto* written = std::get_if<CheckpointWritten>(&result)) {
    return "written " + std::to_string(written->id.trial) + (written->error.empty() ? "" : " failed");
  }
  if (const auto* fetched = std::get_if<CheckpointFetched>(&result)) {
    return "fetched " + std::to_string(fetched->id.trial) + " " +
           (fetched->error.empty() ? text_of(fetched->blob) : "failed");
  }
  if (std::holds_alternative<WritesFailing>(result)) return "writes fail";
  if (std::holds_alternative<WritesRecovered>(result)) return "writes recovered";
  return "evicted " + std::to_string(std::get<CheckpointEvicted>(result).id.trial);
}

class Store : public testing::Test {
 protected:
  std::unique_ptr<CheckpointStore> make(std::int64_t memory_limit_bytes = 1 << 30) const {
    return std::make_unique<CheckpointStore>(StoreSettings{folder_.path(), memory_limit_bytes, 0.01, 0.1});
  }
  static void wait(const CheckpointStore& store) {
    pollfd waiting{store.fd(), POLLIN, 0};
    EXPECT_EQ(::poll(&waiting, 1, kStoreHangs_ms), 1) << "the store hangs";
  }
  /// All that is told until there is nothing more to do.
  static std::vector<StoreResult> settle(CheckpointStore& store) {
    std::vector<StoreResult> all;
    while (store.busy()) {
      wait(store);
      for (StoreResult& result : store.poll()) all.push_back(std::move(result));
      if (HasFailure()) break;
    }
    return all;
  }
  static std::vector<std::string> texts(const std::vector<StoreResult>& results) {
    std::vector<std::string> all;
    for (const StoreResult& result : results) all.push_back(to_text(result));
    return all;
  }
  std::set<std::string> names(std::initializer_list<TrialId> trials) const {
    std::set<std::string> all;
    for (const TrialId trial : trials) all.insert(checkpoint_file_name(id(trial)));
    return all;
  }
  Folder folder_;
};

TEST_F(Store, KeepsAStateInMemoryAndCopiesItToDisk) {
  const auto store = make();
  store->put(id(1), blob_of("one"));
  ASSERT_NE(store->find(id(1)), nullptr) << "at once";
  EXPECT_EQ(text_of(*store->find(id(1))), "one");
  EXPECT_EQ(store->find(id(2)), nullptr);
  EXPECT_TRUE(store->busy());
  const auto results = settle(*store);
  EXPECT_THAT(texts(results), ElementsAre("written 1"));
  EXPECT_EQ(std::get<CheckpointWritten>(results[0]).size_bytes, 3);
  EXPECT_EQ(text_of(read_checkpoint_file(folder_.path(), id(1)).blob), "one");
  EXPECT_EQ(store->memory_bytes(), 3);
  EXPECT_THAT(store->poll(), IsEmpty()) << "each thing once";
}

TEST_F(Store, DropLeavesNothingInMemoryNorOnDisk) {
  const auto store = make();
  store->put(id(1), blob_of("one"));
  store->put(id(2), blob_of("two"));
  settle(*store);
  store->drop(id(1));
  store->drop(id(7));  // never heard of
  EXPECT_EQ(store->find(id(1)), nullptr);
  EXPECT_EQ(store->memory_bytes(), 3);
  EXPECT_THAT(settle(*store), IsEmpty());
  EXPECT_EQ(folder_.files(), names({2}));
}

TEST_F(Store, AWriteThatHasNotBegunIsTakenBackByDrop) {
  HeldWrite held(folder_.path(), id(1));
  const auto store = make();
  store->put(id(1), blob_of("one"));
  store->put(id(2), blob_of("two"));
  store->drop(id(2));
  held.release();
  EXPECT_THAT(texts(settle(*store)), ElementsAre("writes fail", "written 1", "writes recovered"))
      << "and nothing of the second";
  EXPECT_EQ(folder_.files(), names({1}));
}

TEST_F(Store, WhatIsDroppedWhileItIsWrittenLeavesNoFile) {
  const auto store = make();
  for (TrialId trial = 0; trial < 8; ++trial) {
    store->put(id(trial), blob_of(std::string(std::size_t{4} << 20, 'x')));
    // Mostly in the middle of the write; what must come of it is the same before and after it.
    for (int i = 0; i < 1000 && folder_.files().empty(); ++i) ::poll(nullptr, 0, 1);
    store->drop(id(trial));
    EXPECT_EQ(store->find(id(trial)), nullptr);
    settle(*store);
    EXPECT_THAT(folder_.files(), IsEmpty());
  }
  EXPECT_EQ(store->memory_bytes(), 0);
}

TEST_F(Store, AWriteUnderWayThatIsDroppedIsNotTold) {
  HeldWrite held(folder_.path(), id(1));
  const auto store = make();
  store->put(id(1), blob_of("one"));
  store->put(id(2), blob_of("two"));  // follows it: once it is written, so is the first
  store->drop(id(1));
  held.release();
  EXPECT_THAT(texts(settle(*store)), ElementsAre("written 2"));
  held.clear();
  EXPECT_EQ(folder_.files(), names({2}));
}

TEST_F(Store, LetsTheOldestOnDiskGoPastTheLimitAndSaysSo) {
  const auto store = make(8);
  store->put(id(3), blob_of("third"));
  store->put(id(1), blob_of("one"));
  EXPECT_THAT(texts(settle(*store)), ElementsAre("written 3", "written 1"));
  store->put(id(2), blob_of("two"));
  EXPECT_EQ(store->find(id(3)), nullptr) << "the oldest, not the one with the lowest number";
  EXPECT_NE(store->find(id(1)), nullptr);
  EXPECT_NE(store->find(id(2)), nullptr);
  EXPECT_EQ(store->memory_bytes(), 6);
  EXPECT_THAT(texts(store->poll()), testing::Contains("evicted 3"));
  settle(*store);
  EXPECT_EQ(folder_.files(), names({1, 2, 3})) << "only memory was let go";
  store->read(id(3));
  EXPECT_THAT(texts(settle(*store)), ElementsAre("fetched 3 third"));
}

TEST_F(Store, TellsOfTheCopyOnDiskBeforeTheOneInMemoryGoes) {
  const auto store = make(0);
  store->put(id(1), blob_of("one"));
  EXPECT_THAT(texts(settle(*store)), ElementsAre("written 1", "evicted 1"));
}

TEST_F(Store, WhatIsNotOnDiskStaysWhateverTheLimit) {
  HeldWrite held(folder_.path(), id(1));
  const auto store = make(0);
  store->put(id(1), blob_of("one"));
  store->put(id(2), blob_of("two"));
  EXPECT_THAT(store->poll(), IsEmpty());
  EXPECT_NE(store->find(id(1)), nullptr);
  EXPECT_NE(store->find(id(2)), nullptr);
  EXPECT_TRUE(store->full());
  held.release();
  EXPECT_THAT(texts(settle(*store)),
              testing::UnorderedElementsAre("writes fail", "written 2", "evicted 2", "written 1",
                                            "writes recovered", "evicted 1"));
  EXPECT_FALSE(store->full());
}

TEST_F(Store, OfOneTrialOnlyTheNewestIsKeptWhereTheDiskTakesNone) {
  const auto store = std::make_unique<CheckpointStore>(StoreSettings{folder_.path() / "gone", 8, 0.01, 0.1});
  const auto state = [](TrialId trial, Step step) { return CheckpointId{trial, step, make_segment(1, 1)}; };
  const auto put = [&](TrialId trial, Step step) { store->put(state(trial, step), blob_of("state")); };
  put(1, 1);
  EXPECT_FALSE(store->full());
  put(1, 2);
  put(2, 1);
  // The thread may just be at one of them, which is then not let go; memory stays bounded all the same.
  for (Step step = 3; step < 100; ++step) {
    put(1, step);
    EXPECT_LE(store->memory_bytes(), 20);
    EXPECT_NE(store->find(state(1, step)), nullptr);
    EXPECT_NE(store->find(state(2, 1)), nullptr) << "the only one of its trial";
  }
  EXPECT_TRUE(store->full());
  std::size_t evicted = 0;
  for (const StoreResult& result : store->poll()) {
    const auto* e = std::get_if<CheckpointEvicted>(&result);
    if (e == nullptr) continue;
    ++evicted;
    EXPECT_EQ(e->id.trial, 1);
    EXPECT_LT(e->id.step, 99);
    EXPECT_EQ(store->find(e->id), nullptr);
  }
  EXPECT_GE(evicted, 97u);
  std::filesystem::create_directories(folder_.path() / "gone");
  settle(*store);
  EXPECT_FALSE(store->full());
  for (const CheckpointId& newest : {state(1, 99), state(2, 1)}) {
    EXPECT_EQ(text_of(read_checkpoint_file(folder_.path() / "gone", newest).blob), "state");
  }
}

TEST_F(Store, AnOutageIsToldOnceAndItsEnd) {
  const auto directory = folder_.path() / "gone";
  const auto store = std::make_unique<CheckpointStore>(StoreSettings{directory, 1 << 20, 0.01, 0.02});
  for (TrialId trial = 0; trial < 5; ++trial) store->put(id(trial), blob_of("one"));
  std::vector<StoreResult> all;
  while (all.empty()) {
    wait(*store);
    all = store->poll();
  }
  ASSERT_THAT(texts(all), ElementsAre("writes fail"));
  EXPECT_THAT(std::get<WritesFailing>(all[0]).error, HasSubstr(directory.string() + "/t0"));
  EXPECT_THAT(std::get<WritesFailing>(all[0]).error, HasSubstr("(3 bytes)"));
  for (int i = 0; i < 20; ++i) {
    wait(*store);
    EXPECT_THAT(store->poll(), IsEmpty()) << "attempts after the first are not told";
  }
  EXPECT_TRUE(store->busy());
  store->drop(id(4));
  std::filesystem::create_directories(directory);
  EXPECT_THAT(texts(settle(*store)), testing::UnorderedElementsAre("written 0", "written 1", "written 2",
                                                                   "written 3", "writes recovered"));
}

TEST_F(Store, AtTheEndAWriteIsTriedOnceMoreAndThenGivenUp) {
  const auto store =
      std::make_unique<CheckpointStore>(StoreSettings{folder_.path() / "gone", 1 << 20, 1e6, 1e6});
  store->put(id(1), blob_of("one"));
  std::vector<StoreResult> all;
  while (all.empty()) {
    wait(*store);
    all = store->poll();
  }
  EXPECT_TRUE(store->busy()) << "for a long time";
  store->finish();
  const auto results = settle(*store);
  EXPECT_THAT(texts(results), ElementsAre("written 1 failed"));
  EXPECT_THAT(std::get<CheckpointWritten>(results[0]).error, HasSubstr((folder_.path() / "gone").string()));
  EXPECT_NE(store->find(id(1)), nullptr);
}

TEST_F(Store, HoldsNoMoreDescriptorsThanItMay) {
  const auto store = make();
  constexpr auto kMore = static_cast<TrialId>(CheckpointStore::kMostHeld) + 2;
  for (TrialId trial = 0; trial < kMore; ++trial) store->put(id(trial), blob_of("x"));
  const auto all = texts(settle(*store));
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kMore) + 2);
  EXPECT_THAT(all, testing::IsSupersetOf({"evicted 0", "evicted 1"}));
  EXPECT_EQ(store->find(id(1)), nullptr);
  EXPECT_NE(store->find(id(2)), nullptr);
}

TEST_F(Store, AStateSaidTwiceIsOne) {
  const auto store = make();
  store->put(id(1), blob_of("one"));
  store->put(id(1), blob_of("one"));
  EXPECT_EQ(store->memory_bytes(), 3);
  EXPECT_THAT(texts(settle(*store)), ElementsAre("written 1"));
  store->drop(id(1));
  EXPECT_EQ(store->memory_bytes(), 0);
}

TEST_F(Store, AStateOfNoBytesIsAStateToo) {
  const auto store = make();
  store->put(id(1), blob_of(""));
  ASSERT_NE(store->find(id(1)), nullptr);
  EXPECT_GE(share(*store->find(id(1))).fd(), 0) << "a host needs a descriptor, also of nothing";
  settle(*store);
  store->read(id(1));
  const auto results = settle(*store);
  EXPECT_THAT(texts(results), ElementsAre("fetched 1 "));
  EXPECT_GE(std::get<CheckpointFetched>(results[0]).blob.fd(), 0);
}

TEST_F(Store, AReadOfAMissingOrDamagedFileIsToldAsAFailure) {
  std::ofstream(folder_.path() / checkpoint_file_name(id(2))) << "rubbish";
  const auto store = make();
  store->read(id(1));
  EXPECT_THAT(texts(settle(*store)), ElementsAre("fetched 1 failed"));
  store->read(id(2));
  EXPECT_THAT(texts(settle(*store)), ElementsAre("fetched 2 failed"));
}

TEST_F(Store, AReadDoesNotWaitForTheWritesInTheQueue) {
  ASSERT_EQ(write_checkpoint_file(folder_.path(), id(3), blob_of("three")), "");
  HeldWrite held(folder_.path(), id(1));
  const auto store = make();
  store->put(id(1), blob_of("one"));
  store->put(id(2), blob_of("two"));
  store->read(id(3));
  held.release();
  const auto all = texts(settle(*store));
  const auto at = [&](const char* what) { return std::find(all.begin(), all.end(), what) - all.begin(); };
  EXPECT_EQ(all.size(), 5u) << "the first is written at its second try";
  EXPECT_LT(at("fetched 3 three"), at("written 2"));
}

TEST_F(Store, EndsWhatWasToBeWrittenBeforeItGoes) {
  auto store = make();
  for (TrialId trial = 0; trial < 20; ++trial) store->put(id(trial), blob_of(std::string(100000, 'x')));
  store.reset();
  EXPECT_EQ(folder_.files().size(), 20u);
  for (TrialId trial = 0; trial < 20; ++trial) {
    EXPECT_EQ(read_checkpoint_file(folder_.path(), id(trial)).error, "");
  }
}

}  // namespace
}  // namespace coppice
