// Who trains where, over several nodes, and what check prints of it.
#include "cli/places.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/check_places.hpp"
#include "cli/commands.hpp"
#include "cli/opening.hpp"

namespace coppice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// `devices` GPUs and four CPUs, as each process of a node sees them under mpirun --bind-to none.
Allotment allotment(int node, int devices) {
  Allotment result;
  for (int i = 0; i < devices; ++i) {
    result.devices.push_back({i, "GPU-" + std::to_string(10 * node + i), "a GPU", std::to_string(i)});
  }
  for (int i = 0; i < 4; ++i) result.cpus.cpus.push_back({i, 0, i});
  result.cpus.online = 4;
  result.memory_bytes = 8'000;
  return result;
}

/// Two ranks on each node; `devices[i]`: how many GPUs node i has.
struct Cluster {
  explicit Cluster(const std::vector<int>& devices) {
    for (int node = 0; node < static_cast<int>(devices.size()); ++node) {
      for (int local = 0; local < 2; ++local) {
        infos.push_back({static_cast<int>(infos.size()), node, local, "node" + std::to_string(node)});
        allotments.push_back(allotment(node, devices[static_cast<std::size_t>(node)]));
      }
    }
  }
  Placement place(const ResourceSpec& resources = {}, bool dedicated = false) const {
    return place_workers(resources, infos, allotments, dedicated, true);
  }
  std::vector<RankInfo> infos;
  std::vector<Allotment> allotments;
};

std::vector<std::string> devices(const Placement& placement) {
  std::vector<std::string> result;
  for (const RankPlace& rank : placement.ranks) result.push_back(rank.place.device_uuid);
  return result;
}

TEST(Places, EachWorkerTakesADeviceAndCpusOfItsNode) {
  const Placement placement = Cluster({2, 2}).place();
  EXPECT_THAT(placement.problems, IsEmpty());
  EXPECT_THAT(placement.notes, IsEmpty());
  EXPECT_THAT(devices(placement), ElementsAre("GPU-0", "GPU-1", "GPU-10", "GPU-11"));
  const WorkerPlace& place = placement.ranks[3].place;
  EXPECT_EQ(place.host, "node1");
  EXPECT_EQ(place.device_name, "a GPU");
  EXPECT_EQ(place.environment.at("CUDA_VISIBLE_DEVICES"), "1");
  EXPECT_EQ(place.cpus, (std::vector<int>{2, 3}));
  EXPECT_EQ(place.threads, 2);
  EXPECT_EQ(place.memory_limit_bytes, 1'000) << "a quarter of the node's, for two workers";
  EXPECT_THAT(place.probe_command, SizeIs(2));
  EXPECT_TRUE(place.read_devices);
}

TEST(Places, WithoutDevicesNothingIsHidden) {
  const Placement placement = Cluster({0}).place();
  EXPECT_THAT(placement.ranks[0].place.environment, IsEmpty());
  EXPECT_THAT(placement.ranks[0].place.probe_command, IsEmpty());
  EXPECT_FALSE(placement.ranks[0].place.read_devices);
}

TEST(Places, DevicesThatAreNotWantedAreHidden) {
  ResourceSpec none;
  none.gpus_per_worker = 0;
  const Placement placement = Cluster({2, 0}).place(none);
  EXPECT_THAT(placement.problems, IsEmpty());
  EXPECT_EQ(placement.ranks[0].place.environment.at("CUDA_VISIBLE_DEVICES"), "");
  EXPECT_THAT(placement.ranks[2].set_aside, IsEmpty());
}

TEST(Places, ANodeThatLacksWhatOthersHaveIsSetAside) {
  const Placement placement = Cluster({2, 0}).place();
  EXPECT_THAT(placement.problems, IsEmpty()) << "the run goes on without it";
  EXPECT_THAT(placement.ranks[0].set_aside, IsEmpty());
  EXPECT_EQ(placement.ranks[2].set_aside, "it sees no GPU on node1, and others on node0 do");
  EXPECT_THAT(places_problems(placement),
              ElementsAre(HasSubstr("rank 2 will not work: it sees no GPU on node1"), HasSubstr("rank 3")));
}

TEST(Places, ACoordinatorThatDoesNotTrainTakesNothing) {
  const Placement placement = Cluster({1}).place({}, true);
  EXPECT_THAT(placement.problems, IsEmpty());
  EXPECT_FALSE(placement.ranks[0].works);
  EXPECT_EQ(placement.ranks[1].place.device_uuid, "GPU-0");
  EXPECT_EQ(placement.ranks[1].place.cpus.size(), 4u);
  // On a node without devices it lacks nothing either.
  Cluster heterogeneous({0, 1});
  heterogeneous.infos = {{0, 0, 0, "cpu"}, {1, 1, 0, "gpu"}};
  heterogeneous.allotments = {allotment(0, 0), allotment(1, 1)};
  EXPECT_THAT(places_problems(heterogeneous.place({}, true)), IsEmpty());
}

TEST(Places, AMistakeIsSaidOnceAndThrown) {
  const Placement placement = Cluster({1, 2}).place();
  EXPECT_THAT(placement.problems, SizeIs(1));
  EXPECT_THAT(placement.problems[0], HasSubstr("ranks 0 to 1 on node0 want 1 GPU each"));
  EXPECT_THROW(require_good(placement), UserError);
  EXPECT_NO_THROW(require_good(Cluster({2, 2}).place()));
}

TEST(Places, RanksBoundToACoreAreNoted) {
  Cluster cluster({0});
  for (int i = 0; i < 2; ++i) {
    auto& share = cluster.allotments[static_cast<std::size_t>(i)].cpus;
    share.cpus = {{i, 0, i}};
    share.online = 64;
  }
  EXPECT_THAT(cluster.place().notes, ElementsAre(HasSubstr("ranks 0 to 1 on node0 may use 2 of 64 CPUs")));
}

TEST(Places, LocalWorkersAreOneForEachDevice) {
  EXPECT_EQ(place_local_workers({}, {}, allotment(0, 3)).ranks.size(), 3u);
  EXPECT_EQ(place_local_workers({}, {}, allotment(0, 0)).ranks.size(), 1u);
  const Placement two = place_local_workers({}, 2, allotment(0, 1));
  EXPECT_THAT(two.problems,
              ElementsAre(HasSubstr("2 workers on this machine want 1 GPU each, but 1 is visible")));
}

TEST(Places, TravelInTheOpening) {
  Opening opening{true, true, {}};
  opening.resources.gpus_per_worker = 0.5;
  opening.resources.gpu_memory_bytes = 10;
  const Opening heard = Opening::parse(opening.text() + "more");
  EXPECT_TRUE(heard.run);
  EXPECT_TRUE(heard.dedicated);
  EXPECT_EQ(heard.resources.gpus_per_worker, 0.5);
  EXPECT_EQ(heard.resources.gpu_memory_bytes, 10);
  EXPECT_FALSE(heard.resources.cpus_per_worker);
  EXPECT_FALSE(Opening::parse(Opening{}.text()).run);

  const Cluster cluster({2});
  std::vector<std::string> told;
  for (const Allotment& own : cluster.allotments) told.push_back(Opening{}.text() + encode(own));
  EXPECT_THAT(devices(place_ranks(cluster.infos, told)), ElementsAre("GPU-0", "GPU-1"));
}

TEST(PlacesText, IsATableOfWhatThereIs) {
  Cluster cluster({2, 2});
  const Placement placement = cluster.place({}, true);
  std::vector<std::vector<DeviceReading>> readings(4);
  readings[1] = {{"GPU-0", 79'000'000'000, 80'000'000'000, {}}};
  EXPECT_EQ(places_text("rank", placement, cluster.infos, readings),
            "rank  node   local  device            identity       memory free      CPUs\n"
            "0     node0  0      coordinates only\n"
            "1     node0  1      0                 GPU-0  a GPU   79.0 of 80.0 GB  0-3\n"
            "2     node1  0      0                 GPU-10  a GPU  -                0-1\n"
            "3     node1  1      1                 GPU-11  a GPU  -                2-3\n");
  EXPECT_EQ(places_text("rank", Cluster({0}).place(), Cluster({0}).infos, {{}, {}}),
            "rank  node   local  device  CPUs\n"
            "0     node0  0      none    0-1\n"
            "1     node0  1      none    2-3\n");
}

TEST(Readings, TravelAsText) {
  const auto heard = decode_readings(encode(std::vector<DeviceReading>{{"GPU-a", 5, 8, {1}}}));
  ASSERT_THAT(heard, SizeIs(1));
  EXPECT_EQ(heard[0].device, "GPU-a");
  EXPECT_EQ(heard[0].free_bytes, 5);
  EXPECT_EQ(heard[0].total_bytes, 8);
  EXPECT_THAT(decode_readings("nonsense"), IsEmpty());
}

}  // namespace
}  // namespace coppice
