/// Any struct with a field list (see fields.hpp) as bytes, and back.
///
/// Integers are varints (7 bits a byte, low first; signed ones zigzag), so the format knows neither
/// endianness nor width; floating point is IEEE 754, little endian, so NaNs and -0 keep their bits; bool and
/// a present optional are one byte 0 or 1; text and lists are a varint count and the items; a variant is its
/// alternative's index as a varint, then the alternative.
///
/// Ownership: values only. Threads: any. Failure: reading never looks beyond the bytes given, and torn,
/// padded or nonsensical bytes give nothing (no exception but std::bad_alloc). Each value has exactly one
/// representation, so equal bytes mean equal values.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace coppice {

class ByteWriter;
class ByteReader;

template <class T>
concept HasFields = requires(ByteWriter& w, T& x) {
  fields(w, x);
};

namespace wire_detail {

template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;
template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <class T>
inline constexpr bool kIsPair = false;
template <class A, class B>
inline constexpr bool kIsPair<std::pair<A, B>> = true;
template <class T>
inline constexpr bool kIsVariant = false;
template <class... T>
inline constexpr bool kIsVariant<std::variant<T...>> = true;
template <class T>
inline constexpr bool kUnknown = false;

template <class T>
using BitsOf = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;

}  // namespace wire_detail

class ByteWriter {
 public:
  /// The visitor of a field list.
  template <class T>
  void operator()(const char*, const T& value) {
    put(value);
  }

  template <class T>
  void put(const T& value) {
    using namespace wire_detail;
    if constexpr (std::is_same_v<T, std::monostate>) {
    } else if constexpr (std::is_same_v<T, bool>) {
      byte(value ? 1 : 0);
    } else if constexpr (std::is_same_v<T, std::byte>) {
      bytes_.push_back(value);
    } else if constexpr (std::is_enum_v<T>) {
      put(static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (std::signed_integral<T>) {
      const auto wide = static_cast<std::int64_t>(value);
      varint((static_cast<std::uint64_t>(wide) << 1) ^ static_cast<std::uint64_t>(wide >> 63));
    } else if constexpr (std::unsigned_integral<T>) {
      varint(value);
    } else if constexpr (std::floating_point<T>) {
      static_assert(sizeof(T) == 8 || sizeof(T) == 4);
      const auto bits = std::bit_cast<BitsOf<T>>(value);
      for (unsigned shift = 0; shift < 8 * sizeof(T); shift += 8)
        byte(static_cast<unsigned char>(bits >> shift));
    } else if constexpr (std::is_same_v<T, std::string>) {
      varint(value.size());
      raw(std::as_bytes(std::span(value)));
    } else if constexpr (std::is_same_v<T, std::vector<std::byte>>) {
      varint(value.size());
      raw(value);
    } else if constexpr (kIsVector<T>) {
      varint(value.size());
      for (const auto& item : value) put<typename T::value_type>(item);
    } else if constexpr (kIsOptional<T>) {
      byte(value ? 1 : 0);
      if (value) put(*value);
    } else if constexpr (kIsPair<T>) {
      put(value.first);
      put(value.second);
    } else if constexpr (kIsVariant<T>) {
      varint(value.index());
      std::visit([&](const auto& alternative) { put(alternative); }, value);
    } else if constexpr (HasFields<T>) {
      // Field lists name mutable members, as reading needs them; a writer only looks.
      fields(*this, const_cast<T&>(value));
    } else {
      static_assert(kUnknown<T>, "give this type a `fields` overload beside it");
    }
  }

  void reserve(std::size_t size) { bytes_.reserve(size); }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  void byte(unsigned char value) { bytes_.push_back(static_cast<std::byte>(value)); }
  void raw(std::span<const std::byte> data) { bytes_.insert(bytes_.end(), data.begin(), data.end()); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<unsigned char>(value | 0x80));
    byte(static_cast<unsigned char>(value));
  }

  std::vector<std::byte> bytes_;
};

/// Reads values in the order in which they were put. After the first failure `ok()` is false and nothing more
/// is read.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : left_(bytes) {}

  /// The visitor of a field list.
  template <class T>
  void operator()(const char*, T& value) {
    get(value);
  }

  bool ok() const { return ok_; }
  bool at_end() const { return left_.empty(); }

  template <class T>
  void get(T& value) {
    using namespace wire_detail;
    if (!ok_) return;
    if constexpr (std::is_same_v<T, std::monostate>) {
    } else if constexpr (std::is_same_v<T, bool>) {
      value = flag();
    } else if constexpr (std::is_same_v<T, std::byte>) {
      value = static_cast<std::byte>(byte());
    } else if constexpr (std::is_enum_v<T>) {
      std::underlying_type_t<T> number{};
      get(number);
      value = static_cast<T>(number);
      if constexpr (requires { std::string_view(to_text(value)); }) {
        if (std::string_view(to_text(value)).empty()) fail();
      }
    } else if constexpr (std::signed_integral<T>) {
      const std::uint64_t zigzag = varint();
      const auto wide = static_cast<std::int64_t>((zigzag >> 1) ^ (~(zigzag & 1) + 1));
      narrow(wide, value);
    } else if constexpr (std::unsigned_integral<T>) {
      narrow(varint(), value);
    } else if constexpr (std::floating_point<T>) {
      BitsOf<T> bits = 0;
      for (unsigned shift = 0; shift < 8 * sizeof(T); shift += 8)
        bits |= static_cast<BitsOf<T>>(byte()) << shift;
      value = std::bit_cast<T>(bits);
    } else if constexpr (std::is_same_v<T, std::string>) {
      const auto text = raw(count());
      value.assign(reinterpret_cast<const char*>(text.data()), text.size());
    } else if constexpr (std::is_same_v<T, std::vector<std::byte>>) {
      const auto data = raw(count());
      value.assign(data.begin(), data.end());
    } else if constexpr (kIsVector<T>) {
      value.clear();
      // No reserve: the count is not to be trusted with more memory than its items turn out to need.
      for (std::size_t n = count(); n > 0 && ok_; --n) {
        typename T::value_type item{};
        get(item);
        value.push_back(std::move(item));
      }
    } else if constexpr (kIsOptional<T>) {
      value.reset();
      if (flag()) get(value.emplace());
    } else if constexpr (kIsPair<T>) {
      get(value.first);
      get(value.second);
    } else if constexpr (kIsVariant<T>) {
      alternative<T>(value, varint(), std::make_index_sequence<std::variant_size_v<T>>());
    } else if constexpr (HasFields<T>) {
      fields(*this, value);
    } else {
      static_assert(kUnknown<T>, "give this type a `fields` overload beside it");
    }
  }

 private:
  void fail() {
    ok_ = false;
    left_ = {};
  }
  unsigned char byte() {
    if (left_.empty()) {
      fail();
      return 0;
    }
    const auto value = static_cast<unsigned char>(left_.front());
    left_ = left_.subspan(1);
    return value;
  }
  bool flag() {
    const unsigned char value = byte();
    if (value > 1) fail();
    return value == 1;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const unsigned char part = byte();
      // Ten bytes hold 70 bits; and a last byte of 0 says nothing: two texts for one number.
      if ((shift == 63 && part > 1) || (shift > 0 && part == 0)) break;
      value |= static_cast<std::uint64_t>(part & 0x7f) << shift;
      if (part < 0x80) return value;
    }
    fail();
    return 0;
  }
  /// A number of items, of which each takes a byte at least.
  std::size_t count() {
    const std::uint64_t value = varint();
    if (value > left_.size()) {
      fail();
      return 0;
    }
    return static_cast<std::size_t>(value);
  }
  std::span<const std::byte> raw(std::size_t size) {
    const auto data = left_.first(size);
    left_ = left_.subspan(size);
    return data;
  }
  template <class Wide, class T>
  void narrow(Wide wide, T& value) {
    if (wide < static_cast<Wide>(std::numeric_limits<T>::min()) ||
        wide > static_cast<Wide>(std::numeric_limits<T>::max())) {
      fail();
    } else {
      value = static_cast<T>(wide);
    }
  }
  template <class T, std::size_t... I>
  void alternative(T& value, std::uint64_t index, std::index_sequence<I...>) {
    if (!((I == index && (get(value.template emplace<I>()), true)) || ...)) fail();
  }

  std::span<const std::byte> left_;
  bool ok_ = true;
};

template <class T>
std::vector<std::byte> to_bytes(const T& value) {
  ByteWriter writer;
  writer.put(value);
  return writer.take();
}

/// Nothing unless the bytes are one whole value of this type and nothing else.
template <class T>
std::optional<T> from_bytes(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  std::optional<T> value(std::in_place);
  reader.get(*value);
  if (!reader.ok() || !reader.at_end()) return std::nullopt;
  return value;
}

}  // namespace coppice
