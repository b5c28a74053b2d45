#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/environment.h"
#include "dynakeep/result.h"

// The two files that AWS's tools and clients share: ~/.aws/config and ~/.aws/credentials ("Shared
// config and credentials files", AWS SDKs and Tools Reference Guide).
namespace dynakeep::remote {

using Entries = std::map<std::string, std::string, std::less<>>;  // names in lower case

struct ProfileSection {
  Entries values = {};
  // name =
  //   inner = value
  std::map<std::string, Entries, std::less<>> nested = {};

  // Null if it is not there or empty, which means the same.
  const std::string* find(std::string_view name) const;
};

using ProfileSections = std::map<std::string, ProfileSection, std::less<>>;

struct ProfileFile {
  ProfileSections profiles = {};
  ProfileSections services = {};
};

enum class ProfileFileKind { config, credentials };

// Sections are [default], [profile NAME] and [services NAME] in a config file, and [NAME] in a
// credentials file; names may stand in quotes. Other sections are passed over, whatever they hold.
// [profile default] counts before [default]; sections of one name are one, and of two values the
// later counts.
//
// An entry is `name = value` or `name: value`, without regard to the case of the name. Lines that
// are indented deeper than the entry before them continue its value, after a newline; if the value
// was empty, they are entries within it. Lines that begin with # or ; are comments, and so is what
// follows either in a value after a space. Blanks around names and values do not count.
//
// invalid_argument: an entry before the first section, or a line that is none of these, by its
// number; what it says is not quoted, for it may be a secret.
Result<ProfileFile> parse_profile_file(std::string_view text, ProfileFileKind kind,
                                       std::string_view path);

constexpr std::size_t profile_file_bytes_max = std::size_t{1} << 20;

// Both files together.
struct Profiles {
  ProfileSections profiles = {};
  ProfileSections services = {};
  std::string config_path = {};  // where they were looked for
  std::string credentials_path = {};
};

// Reads the files that AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name, else those in ~/.aws;
// a leading ~/ stands for HOME. One that does not exist is as if empty. For a profile that is in
// both, the credentials file counts first, entry by entry, but for keys: they are of one file.
// invalid_argument as above, and for files that cannot be read or are larger than
// profile_file_bytes_max.
Result<Profiles> read_profiles(const base::Environment& environment);

}  // namespace dynakeep::remote
