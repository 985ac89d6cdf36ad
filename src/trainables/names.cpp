#include "trainables/names.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <numeric>
#include <utility>

namespace coppice {

namespace {

std::string lower(std::string_view word) {
  std::string out(word);
  for (char& c : out) c = c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string initials(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '_' && (i == 0 || name[i - 1] == '_')) out.push_back(name[i]);
  }
  return out;
}

/// Levenshtein distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::vector<std::string> nearest_names(std::string_view word, const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 3;
  const std::string wanted = lower(word);
  std::vector<std::pair<std::size_t, std::string>> scored;
  for (const std::string& name : names) {
    const std::string candidate = lower(name);
    const std::size_t edits = distance(wanted, candidate);
    const bool part =
        wanted.size() >= 3 && candidate.size() >= 3 &&
        (candidate.find(wanted) != std::string::npos || wanted.find(candidate) != std::string::npos);
    if (wanted.size() >= 2 && initials(candidate) == wanted) {
      scored.emplace_back(0, name);
    } else if (edits <= std::max<std::size_t>(1, candidate.size() / 3)) {
      scored.emplace_back(edits, name);
    } else if (part) {
      scored.emplace_back(edits + candidate.size(), name);
    }
  }
  std::stable_sort(scored.begin(), scored.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> out;
  for (std::size_t i = 0; i < std::min(kMost, scored.size()); ++i) out.push_back(scored[i].second);
  return out;
}

std::string join_names(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

std::string name_hint(std::string_view word, const std::vector<std::string>& names) {
  const std::vector<std::string> nearest = nearest_names(word, names);
  if (nearest.empty()) return "; choose from " + join_names(names);
  std::string out = "; did you mean ";
  for (std::size_t i = 0; i < nearest.size(); ++i) out += (i == 0 ? "" : " or ") + nearest[i];
  return out + "?";
}

}  // namespace coppice
