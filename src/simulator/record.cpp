#include "simulator/record.hpp"

#include <stdexcept>
#include <string>

#include "wire/bytes.hpp"
#include "wire/fields.hpp"

namespace coppice {

void replay(const Record& record, Study& study) {
  for (std::size_t i = 0; i < record.size(); ++i) {
    if (to_bytes(study.step(record[i].event)) == to_bytes(record[i].effects)) continue;
    const auto kind =
        std::visit([](const auto& event) { return std::string(type_name(event)); }, record[i].event);
    throw std::logic_error("replay differs from the record at entry " + std::to_string(i) + " (" + kind +
                           ")");
  }
}

}  // namespace coppice
