#include "spec/scalars.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <system_error>

#include "core/nearest.hpp"
#include "spec/utf8.hpp"

namespace coppice {

namespace {

constexpr std::size_t kLongestName_bytes = 60;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Digits, maybe a point, maybe an exponent: what YAML 1.2 and every language agree on.
bool looks_numeric(std::string_view text) {
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  if (text.size() > 1 && text[0] == '0' && is_digit(text[1])) return false;  // 007
  return !text.empty() && (is_digit(text[0]) || (text[0] == '.' && text.size() > 1 && is_digit(text[1])));
}

template <typename T>
struct Number {
  bool matches = false;    ///< the whole text is one
  bool too_large = false;  ///< but none that fits
  T value = 0;
};

template <typename T>
Number<T> parse_number(std::string_view text) {
  if (!looks_numeric(text)) return {};
  if (text[0] == '+') text.remove_prefix(1);
  Number<T> number;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number.value);
  number.matches = end == text.data() + text.size() && error != std::errc::invalid_argument;
  number.too_large = error == std::errc::result_out_of_range;
  return number;
}

std::optional<bool> parse_flag(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

[[noreturn]] void expected(const Node& node, std::string_view what, std::string_view wanted) {
  fail(node.place, what, "expected " + std::string(wanted) + ", found " + describe(node));
}

bool plain(const Node& node) {
  return node.kind == NodeKind::kScalar && !node.quoted;
}

/// A whole number at the start of text, cut off; nothing where there is none.
std::optional<double> cut_digits(std::string_view& text) {
  const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
  if (count == 0 || count > 9) return std::nullopt;
  const double value = std::stod(std::string(text.substr(0, count)));
  text.remove_prefix(count);
  return value;
}

bool cut(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

/// D-HH[:MM[:SS]] or HH:MM:SS, as Slurm writes them. HH:MM and MM:SS look the same, so neither is one.
std::optional<double> parse_clock(std::string_view text) {
  const bool days = text.find('-') != std::string_view::npos;
  double total = 0;
  if (days) {
    const std::optional<double> count = cut_digits(text);
    if (!count || !cut(text, '-')) return std::nullopt;
    total = *count * 86400;
  }
  constexpr std::array<double, 3> kUnits_s = {3600, 60, 1};
  std::size_t fields = 0;
  while (fields < kUnits_s.size()) {
    const std::optional<double> count = cut_digits(text);
    const double limit = fields > 0 ? 60 : days ? 24 : 1e9;
    if (!count || *count >= limit) return std::nullopt;
    total += *count * kUnits_s[fields++];
    if (!cut(text, ':')) break;
  }
  return text.empty() && (days || fields == 3) ? std::optional(total) : std::nullopt;
}

/// 1h30m, 90s, 1.5h: units from large to small.
std::optional<double> parse_units(std::string_view text) {
  constexpr std::string_view kLetters = "dhms";
  constexpr std::array<double, 4> kUnits_s = {86400, 3600, 60, 1};
  std::size_t next = 0;
  double total = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const std::size_t digits = text.find_first_not_of("0123456789.");
    if (digits == std::string_view::npos) return std::nullopt;
    const Number<double> number = parse_number<double>(text.substr(0, digits));
    const std::size_t unit = kLetters.find(text[digits]);
    if (!number.matches || number.too_large || unit == std::string_view::npos || unit < next)
      return std::nullopt;
    total += number.value * kUnits_s[unit];
    next = unit + 1;
    text.remove_prefix(digits + 1);
  }
  return total;
}

}  // namespace

void fail(const Place& place, std::string_view what, std::string_view why) {
  throw SpecError(place, std::string(what) + ": " + std::string(why));
}

Value value_of(const Node& node, std::string_view what) {
  if (node.kind == NodeKind::kNull)
    fail(node.place, what, "expected a value, found nothing; write 'null' for the word");
  if (node.kind != NodeKind::kScalar) expected(node, what, "one value");
  if (node.quoted) return node.text;
  if (const std::optional<bool> flag = parse_flag(node.text)) return *flag;
  const Number<std::int64_t> integer = parse_number<std::int64_t>(node.text);
  if (integer.too_large) fail(node.place, what, node.text + " does not fit 64 bits; quote it if it is text");
  if (integer.matches) return integer.value;
  const Number<double> number = parse_number<double>(node.text);
  if (number.too_large) fail(node.place, what, node.text + " is out of range; quote it if it is text");
  if (number.matches) return number.value;
  return node.text;
}

std::string text_of(const Node& node, std::string_view what) {
  if (node.kind != NodeKind::kScalar) expected(node, what, "text");
  if (find_invalid_utf8(node.text)) fail(node.place, what, "is not valid UTF-8");
  return node.text;
}

bool flag_of(const Node& node, std::string_view what) {
  const std::optional<bool> flag = plain(node) ? parse_flag(node.text) : std::nullopt;
  if (!flag) expected(node, what, "true or false");
  return *flag;
}

double number_of(const Node& node, std::string_view what, double low, double high) {
  const Number<double> number = plain(node) ? parse_number<double>(node.text) : Number<double>{};
  if (!number.matches) expected(node, what, "a number");
  if (number.too_large) fail(node.place, what, node.text + " is out of the range of a double");
  if (number.value < low) fail(node.place, what, "must be at least " + to_text(low) + ", is " + node.text);
  if (number.value > high) fail(node.place, what, "must be at most " + to_text(high) + ", is " + node.text);
  return number.value;
}

std::int64_t integer_of(const Node& node, std::string_view what, std::int64_t low, std::int64_t high) {
  Number<std::int64_t> integer = plain(node) ? parse_number<std::int64_t>(node.text) : Number<std::int64_t>{};
  if (!integer.matches) {
    const Number<double> number = plain(node) ? parse_number<double>(node.text) : Number<double>{};
    if (!number.matches || std::trunc(number.value) != number.value) expected(node, what, "an integer");
    integer.too_large = number.too_large || std::abs(number.value) >= 0x1p63;
    if (!integer.too_large) integer.value = static_cast<std::int64_t>(number.value);
  }
  if (integer.too_large) fail(node.place, what, node.text + " does not fit 64 bits");
  if (integer.value < low) {
    fail(node.place, what, "must be at least " + std::to_string(low) + ", is " + node.text);
  }
  if (integer.value > high) {
    fail(node.place, what, "must be at most " + std::to_string(high) + ", is " + node.text);
  }
  return integer.value;
}

std::string word_of(const Node& node, std::string_view what, const std::vector<std::string>& words) {
  if (node.kind != NodeKind::kScalar) expected(node, what, "one of " + join(words));
  if (std::find(words.begin(), words.end(), node.text) == words.end()) {
    fail(node.place, what, "unknown word '" + node.text + "'" + suggest(node.text, words));
  }
  return node.text;
}

std::optional<double> parse_duration(std::string_view text) {
  const Number<double> seconds = parse_number<double>(text);
  if (seconds.matches && !seconds.too_large) return seconds.value;
  if (const std::optional<double> clock = parse_clock(text)) return clock;
  return parse_units(text);
}

double duration_of(const Node& node, std::string_view what, bool zero) {
  const std::optional<double> duration =
      node.kind == NodeKind::kScalar ? parse_duration(node.text) : std::nullopt;
  if (!duration) expected(node, what, "a duration such as 90s, 45m, 1h30m, 2h, 01:30:00 or 1-12:00:00");
  if (!(*duration > 0 || (zero && *duration == 0))) {
    fail(node.place, what,
         std::string("must be ") + (zero ? "at least" : "more than") + " 0 s, is " + node.text);
  }
  // Clocks count in 64-bit nanoseconds, which end after 292 years.
  if (*duration > 3e9) fail(node.place, what, "is more than 95 years; leave it out for no limit");
  return *duration;
}

std::optional<double> parse_bytes(std::string_view text) {
  std::string unit;
  while (!text.empty() && std::isalpha(static_cast<unsigned char>(text.back()))) {
    unit.insert(unit.begin(), static_cast<char>(std::tolower(static_cast<unsigned char>(text.back()))));
    text.remove_suffix(1);
  }
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  const Number<double> number = parse_number<double>(text);
  if (!number.matches || number.too_large) return std::nullopt;
  if (unit == "b") return number.value;
  constexpr std::string_view kPrefixes = "kmgtp";
  const std::size_t power = unit.empty() ? kPrefixes.npos : kPrefixes.find(unit[0]);
  if (power == kPrefixes.npos) return std::nullopt;
  const std::string_view ending = std::string_view(unit).substr(1);
  if (ending != "b" && ending != "ib" && !ending.empty()) return std::nullopt;
  return number.value * std::pow(ending == "b" ? 1000.0 : 1024.0, static_cast<double>(power) + 1);
}

std::int64_t bytes_of(const Node& node, std::string_view what) {
  const std::optional<double> bytes = node.kind == NodeKind::kScalar ? parse_bytes(node.text) : std::nullopt;
  if (!bytes) expected(node, what, "a size with its unit, such as 8GB, 8GiB or 512MB");
  if (*bytes < 1) fail(node.place, what, "must be at least one byte, is " + node.text);
  if (*bytes > 1e18) fail(node.place, what, "is more than an exabyte; leave it out for no limit");
  return static_cast<std::int64_t>(std::llround(*bytes));
}

void check_column_name(const std::string& name, const Place& place, std::string_view what) {
  if (name.empty()) fail(place, what, "a name must not be empty");
  if (name.size() > kLongestName_bytes) {
    fail(place, what,
         "the name '" + name + "' has " + std::to_string(name.size()) + " bytes; 60 is the most");
  }
  if (find_invalid_utf8(name)) fail(place, what, "a name must be valid UTF-8");
  for (const char c : name) {
    if (c == '/') fail(place, what, "the name '" + name + "' must not hold '/'");
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      fail(place, what, "a name must not hold control characters");
  }
}

}  // namespace coppice
