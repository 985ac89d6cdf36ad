// A member that was added to a struct and forgotten in its field list would be lost silently. These tests
// count both.
#include "wire/fields.hpp"

#include <gtest/gtest.h>

#include "member_count.hpp"

namespace coppice {
namespace {

template <class T>
void expect_complete() {
  EXPECT_EQ(listed_fields<T>(), member_count<T>()) << __PRETTY_FUNCTION__;
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
  expect_complete<RecordCosts>();
}

}  // namespace
}  // namespace coppice
