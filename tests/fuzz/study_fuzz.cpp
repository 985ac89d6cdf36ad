// The study file: any text is a study, or a mistake with its place.
#include "cli/catalogs.hpp"
#include "fuzz.hpp"
#include "spec/load_study.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coppice;
  static const Catalogs catalogs = [] {
    Catalogs all = make_catalogs();
    all.check_files = false;  // an arbitrary path must not be opened
    return all;
  }();
  try {
    const StudySpec spec = parse_study_text(std::string(reinterpret_cast<const char*>(data), size),
                                            "study.yaml", "/nowhere", {}, {}, catalogs);
    fuzz::require(!spec.name.empty() && !spec.objectives.empty(), "a study that was accepted is complete");
  } catch (const SpecError& error) {
    fuzz::require(error.what()[0] != '\0', "a mistake is told");
  }
  return 0;
}
