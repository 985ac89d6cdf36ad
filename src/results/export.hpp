/// A table as text, for spreadsheets and programs.
/// Stateless; any thread. Failure: the stream's state.
#pragma once

#include <iosfwd>

#include "results/table.hpp"

namespace coppice {

enum class ExportFormat { kCsv, kJson };

/// csv: RFC 4180 with a header line, but lines end in \n alone, since cut and awk would take \r for a part of
/// the last column; an absent value is an empty field. json: an array of objects, one a line; an absent value
/// is null. Numbers are the shortest text that reads back as the same; infinities are inf and -inf, in json
/// as text.
void export_table(const Table& table, ExportFormat format, std::ostream& stream);

}  // namespace coppice
