/// The law of coppice/trainable.hpp, over every entry of the catalog and several settings of each.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "support.hpp"
#include "trainables/catalog.hpp"

namespace coppice {
namespace {

struct Life {
  std::string builtin;
  std::string label;
  Parameters parameters;

  std::string name() const { return builtin + (label.empty() ? "" : "_") + label; }
};

void PrintTo(const Life& life, std::ostream* out) {
  *out << life.name();
}

Parameters given(std::vector<std::pair<std::string, Value>> items) {
  return Parameters(std::move(items));
}
Value text(const char* word) {
  return std::string(word);
}
Value whole(std::int64_t number) {
  return number;
}

std::vector<Life> lives() {
  return {
      {"branin", "", given({{"x1", 2.5}, {"x2", 7.5}})},
      {"hartmann6", "",
       given({{"x1", 0.1}, {"x2", 0.2}, {"x3", 0.3}, {"x4", 0.4}, {"x5", 0.5}, {"x6", 0.6}})},
      {"rosenbrock", "two", given({{"x1", -1.2}, {"x2", whole(1)}})},
      {"rosenbrock", "five", given({{"x1", 0.1}, {"x2", 0.2}, {"x3", 0.3}, {"x4", 0.4}, {"x5", 0.5}})},
      {"pbt_toy", "", given({{"h1", 1.0}, {"h2", 0.25}})},
      {"curve", "", given({{"x", 0.7}})},
      {"curve", "rate", given({{"x", 0.1}, {"rate", 0.05}})},
      {"mlp", "defaults", {}},
      {"mlp", "sgd_momentum", given({{"momentum", 0.95}, {"learning_rate", 0.05}, {"weight_decay", 1e-3}})},
      {"mlp", "adam_dropout",
       given({{"optimizer", text("adam")},
              {"dropout", 0.3},
              {"batch_size", whole(100)},
              {"weight_decay", 0.01}})},
      {"mlp", "tanh_two_layers",
       given({{"activation", text("tanh")}, {"layers", whole(2)}, {"hidden", whole(20)}, {"dropout", 0.1}})},
      {"mlp", "cosine",
       given({{"schedule", text("cosine")}, {"label_smoothing", 0.1}, {"hidden", whole(16)}})},
      {"mlp", "exponential",
       given({{"schedule", text("exponential")},
              {"optimizer", text("adam")},
              {"hidden", whole(7)},
              {"layers", whole(4)}})},
      {"mlp", "whole_batch", given({{"batch_size", whole(100000)}, {"hidden", whole(33)}})},
      {"mlp", "diverged", given({{"learning_rate", 1e30}, {"hidden", whole(8)}})},
  };
}

std::unique_ptr<Trainable> begin(const Life& life, std::uint64_t seed) {
  auto trainable = make_builtin(life.builtin, {}, ".");
  trainable->setup(life.parameters, TrialInfo{.id = 4, .seed = seed, .repeat = 0, .device = ""});
  return trainable;
}

class ContractTest : public testing::TestWithParam<Life> {};

TEST_P(ContractTest, ContinueEqualsSaveLoadContinue) {
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{7}, ~std::uint64_t{0}}) {
    for (const int before : {0, 1, 3}) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", saved after step " + std::to_string(before));
      const auto first = begin(GetParam(), seed);
      for (int i = 0; i < before; ++i) first->step();
      const std::vector<std::byte> state = first->save();
      const auto second = begin(GetParam(), seed);
      second->load(state);
      EXPECT_EQ(second->save(), state);
      for (int i = 0; i < 2; ++i) EXPECT_EQ(bits_of(second->step()), bits_of(first->step()));
      EXPECT_EQ(second->save(), first->save());
    }
  }
}

TEST_P(ContractTest, SavingChangesNothingAndLoadingForgetsWhatWasThere) {
  const auto first = begin(GetParam(), 3);
  const auto second = begin(GetParam(), 3);
  first->step();
  const std::vector<std::byte> state = first->save();
  EXPECT_EQ(first->save(), state);
  for (int i = 0; i < 3; ++i) second->step();
  second->load(state);
  EXPECT_EQ(bits_of(second->step()), bits_of(first->step()));
}

TEST_P(ContractTest, ReportsTheMetricsOfTheCatalogInTheirOrder) {
  const BuiltinInfo* info = find_builtin(GetParam().builtin);
  ASSERT_NE(info, nullptr);
  const auto trainable = begin(GetParam(), 1);
  const Metrics first = trainable->step();
  std::vector<std::string> names;
  for (const auto& [name, value] : first) names.push_back(name);
  EXPECT_EQ(names, info->metrics);
  if (info->several_steps) {
    EXPECT_NE(trainable->step(), first);
  } else {
    EXPECT_EQ(trainable->step(), first);
  }
}

TEST_P(ContractTest, TornOrAlteredStateIsRefusedAndChangesNothing) {
  const auto donor = begin(GetParam(), 1);
  donor->step();
  const std::vector<std::byte> good = donor->save();
  const auto trainable = begin(GetParam(), 1);
  const std::vector<std::byte> before = trainable->save();
  const auto refused = [&](std::vector<std::byte> state) {
    EXPECT_NE(refusal([&] { trainable->load(state); }), "");
    EXPECT_EQ(trainable->save(), before);
  };
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{23}, std::size_t{24}, good.size() - 1}) {
    refused({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)});
  }
  // The kind, its filling, the version, the checksum, the length, and the payload.
  for (const std::size_t place : {std::size_t{0}, std::size_t{7}, std::size_t{8}, std::size_t{12},
                                  std::size_t{16}, std::size_t{24}, good.size() / 2, good.size() - 1}) {
    std::vector<std::byte> altered = good;
    altered[place] ^= std::byte{1};
    refused(altered);
  }
  std::vector<std::byte> longer = good;
  longer.push_back(std::byte{0});
  refused(longer);
  trainable->load(good);
  EXPECT_EQ(trainable->save(), good);
}

INSTANTIATE_TEST_SUITE_P(Catalog, ContractTest, testing::ValuesIn(lives()),
                         [](const auto& life) { return life.param.name(); });

TEST(ContractCoverageTest, EveryEntryOfTheCatalogIsHeldToIt) {
  std::map<std::string, int> count;
  for (const Life& life : lives()) ++count[life.builtin];
  for (const BuiltinInfo& info : builtin_trainables()) EXPECT_GT(count[info.name], 0) << info.name;
  EXPECT_EQ(count.size(), builtin_trainables().size());
}

TEST(ContractCoverageTest, StatesOfOneTrainableAreRefusedByTheOthers) {
  // The test functions share a kind: their state is a number of steps.
  const Life toy{"pbt_toy", "", given({{"h1", 1.0}, {"h2", 1.0}})};
  const Life curve{"curve", "", given({{"x", 1.0}})};
  const std::vector<std::byte> state = begin(toy, 1)->save();
  const auto other = begin(curve, 1);
  EXPECT_EQ(refusal([&] { other->load(state); }), "the checkpoint is not one of curve");
}

}  // namespace
}  // namespace coppice
