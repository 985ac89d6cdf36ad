#include "spec/nearest.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>

namespace coppice {

namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
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

}  // namespace

std::optional<std::string> nearest_word(std::string_view wrong, const std::vector<std::string>& words) {
  if (wrong.empty() || wrong.size() > 200) return std::nullopt;
  const std::string from = lower(wrong);
  const std::string* best = nullptr;
  std::size_t best_distance = std::max<std::size_t>(1, from.size() / 3) + 1;
  for (const std::string& word : words) {
    const std::size_t distance = edit_distance(from, lower(word));
    if (distance < best_distance) {
      best = &word;
      best_distance = distance;
    }
  }
  if (best != nullptr) return *best;
  // minim, minimization: most of the word is the start of another.
  std::size_t longest = std::max<std::size_t>(3, (2 * from.size() + 2) / 3);
  for (const std::string& word : words) {
    const std::string to = lower(word);
    const auto common = static_cast<std::size_t>(
        std::mismatch(from.begin(), from.end(), to.begin(), to.end()).first - from.begin());
    if (common < longest) continue;
    best = &word;
    longest = common + 1;
  }
  if (best != nullptr) return *best;
  return std::nullopt;
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
