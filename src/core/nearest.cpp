#include "core/nearest.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>

namespace coppice {

namespace {

constexpr std::size_t kLongest_bytes = 200;  // what is longer is no slip, and comparing takes its square

/// Case and the sign between parts make no difference.
std::string folded(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    c = c == '-' || c == '.' || c == ' ' ? '_'
                                         : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return result;
}

/// Edits (insert, delete, replace, swap of neighbours) from a to b: optimal string alignment.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      d[i][j] =
          std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

std::string initials(std::string_view word) {
  std::string result;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] != '_' && (i == 0 || word[i - 1] == '_')) result.push_back(word[i]);
  }
  return result;
}

std::size_t common_start(std::string_view a, std::string_view b) {
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

/// Whether one is made of whole parts of the other: rate of learning_rate, but not out of dropout.
bool is_part(std::string_view a, std::string_view b) {
  constexpr std::size_t kShortest = 3;
  if (std::min(a.size(), b.size()) < kShortest) return false;
  const auto within = [](std::string_view part, std::string_view whole) {
    return ("_" + std::string(whole) + "_").find("_" + std::string(part) + "_") != std::string::npos;
  };
  return within(a, b) || within(b, a);
}

/// The first of the words with the least score; a word without one is out.
template <typename Score>
const std::string* least(const std::vector<std::string>& words, const Score& score) {
  const std::string* best = nullptr;
  std::size_t best_score = 0;
  for (const std::string& word : words) {
    const std::optional<std::size_t> now = score(folded(word));
    if (!now || (best != nullptr && *now >= best_score)) continue;
    best = &word;
    best_score = *now;
  }
  return best;
}

}  // namespace

std::optional<std::string> nearest_word(std::string_view wrong, const std::vector<std::string>& words) {
  if (wrong.empty() || wrong.size() > kLongest_bytes) return std::nullopt;
  const std::string from = folded(wrong);
  const std::size_t most_edits = std::max<std::size_t>(1, from.size() / 3);
  const std::string* best = least(words, [&](const std::string& to) -> std::optional<std::size_t> {
    if (to == from) return 0;
    if (from.size() >= 2 && initials(to) == from) return 1;
    const std::size_t edits = edit_distance(from, to);
    // With every letter replaced nothing is left in common: n is no x.
    if (edits > most_edits || edits >= std::max(from.size(), to.size())) return std::nullopt;
    return edits + 1;
  });
  if (best == nullptr) {
    // minim: most of the word is the start of another.
    const std::size_t shortest = std::max<std::size_t>(3, (2 * from.size() + 2) / 3);
    best = least(words, [&](const std::string& to) -> std::optional<std::size_t> {
      const std::size_t common = common_start(from, to);
      if (common < shortest) return std::nullopt;
      return from.size() - common;
    });
  }
  if (best == nullptr) {
    best = least(words, [&](const std::string& to) -> std::optional<std::size_t> {
      if (!is_part(from, to)) return std::nullopt;
      return std::max(from.size(), to.size()) - std::min(from.size(), to.size());
    });
  }
  if (best == nullptr) return std::nullopt;
  return *best;
}

std::string join(const std::vector<std::string>& words) {
  std::string result;
  for (const std::string& word : words) {
    if (!result.empty()) result += ", ";
    result += word;
  }
  return result;
}

std::string suggest(std::string_view wrong, const std::vector<std::string>& words) {
  const std::optional<std::string> near = nearest_word(wrong, words);
  return (near ? "; did you mean '" + *near + "'? Known: " : "; known: ") +
         (words.empty() ? std::string("none") : join(words));
}

}  // namespace coppice
