/// How many members a struct has, and how many its field list names: a test compares both, so that none is
/// forgotten.
#pragma once

#include <cstddef>
#include <utility>

namespace coppice {

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
template <class T, std::size_t N = 16>
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
std::size_t listed_fields() {
  T value{};
  Counter counter;
  fields(counter, value);
  return counter.count;
}

}  // namespace coppice
