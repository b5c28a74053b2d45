// The manifests of an export, of any bytes: they are refused, or name files in the export's own
// folder and nowhere else, which have as many items as it has. The input is the summary, a zero
// byte, and the lines of the files.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/invariant.h"
#include "transfer/export_folder.h"

using namespace dynakeep;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(input.find('\0'), size);
  const auto exported = transfer::parse_manifests("/export", input.substr(0, end),
                                                  input.substr(std::min(end + 1, size)));
  if (!exported) {
    INVARIANT(!exported.error().message().empty());
    return 0;
  }
  std::uint64_t items = 0;
  for (const auto& file : exported->files) {
    INVARIANT(file.md5.size() == 16);
    const auto path = std::filesystem::path(exported->path_of(file)).lexically_normal();
    INVARIANT(path.parent_path() == "/export/data");
    items += file.items;
  }
  INVARIANT(items == exported->items);
  return 0;
}
