// A member that was added to a struct and forgotten in its field list would be lost silently. These tests
// count both.
#include "wire/fields.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace coppice {
namespace {

struct Anything {
  template <class T>
  operator T&() const;
};

template <class T, std::size_t... I>
constexpr bool takes(std::index_sequence<I...>) {
  return requires {
    T{(static_cast<void>(I), Anything{})...};
  };
}

/// How many members an aggregate has.
template <class T, std::size_t N = 12>
constexpr std::size_t member_count() {
  if constexpr (takes<T>(std::make_index_sequence<N>())) {
    return N;
  } else {
    return member_count<T, N - 1>();
  }
}

struct Counter {
  template <class T>
  void operator()(const char*, T&) {
    ++count;
  }
  std::size_t count = 0;
};

template <class T>
void expect_complete() {
  T value{};
  Counter counter;
  fields(counter, value);
  EXPECT_EQ(counter.count, member_count<T>()) << __PRETTY_FUNCTION__;
}

template <class... T>
void expect_complete_alternatives(const std::variant<T...>*) {
  (expect_complete<T>(), ...);
}

TEST(Fields, ListsHaveEveryMember) {
  static_assert(member_count<CheckpointId>() == 3);
  static_assert(member_count<coppice::Run>() == 8);
  expect_complete_alternatives(static_cast<const Event*>(nullptr));
  expect_complete_alternatives(static_cast<const Command*>(nullptr));
  expect_complete<CheckpointId>();
  expect_complete<SegmentTimes>();
  expect_complete<Source>();
  expect_complete<Decision>();
  expect_complete<Effects>();
}

}  // namespace
}  // namespace coppice
