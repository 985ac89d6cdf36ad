/// One value of the study file as a C++ value. Each function takes the node and `what`, its dotted path, and
/// throws SpecError "what: expected …, found …" at the node's place.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coppice/value.hpp"
#include "spec/node.hpp"

namespace coppice {

/// Throws SpecError "what: why".
[[noreturn]] void fail(const Place& place, std::string_view what, std::string_view why);

/// A plain scalar as the type that it looks like: true/false, an integer, a number, else text. yes, no, on,
/// off, 0x10, 007 and 1_000 are text.
Value value_of(const Node& node, std::string_view what);

std::string text_of(const Node& node, std::string_view what);
bool flag_of(const Node& node, std::string_view what);
double number_of(const Node& node, std::string_view what,
                 double low = -std::numeric_limits<double>::infinity(),
                 double high = std::numeric_limits<double>::infinity());
/// Also 16.0 and 1e3: what counts is that the number is whole.
std::int64_t integer_of(const Node& node, std::string_view what, std::int64_t low, std::int64_t high);
/// One of `words`.
std::string word_of(const Node& node, std::string_view what, const std::vector<std::string>& words);
/// Seconds, from 90, 90s, 1h30m, 2d, 1.5h, HH:MM:SS, D-HH, D-HH:MM or D-HH:MM:SS; greater than 0 unless
/// `zero`.
double duration_of(const Node& node, std::string_view what, bool zero = false);

std::optional<double> parse_duration(std::string_view text);

/// Bytes, from 8GB, 8GiB, 512M, 1.5TB: decimal units (kB, MB, GB, TB), binary ones (KiB, MiB, GiB, TiB; so
/// does Slurm's single letter: K, M, G, T), or a plain number with B; greater than 0. Capitals don't matter.
std::int64_t bytes_of(const Node& node, std::string_view what);

std::optional<double> parse_bytes(std::string_view text);

/// Whether text can name a parameter or metric: a column of study.h5. Fails at `place` if not.
void check_column_name(const std::string& name, const Place& place, std::string_view what);

}  // namespace coppice
