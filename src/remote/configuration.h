#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/environment.h"
#include "dynakeep/result.h"
#include "remote/profile_file.h"
#include "transport/transport.h"

namespace dynakeep::remote {

// A value that somebody set, and where, for whoever has to be told that it makes no sense.
struct Setting {
  std::string value = {};
  std::string where = {};  // "AWS_REGION", "region of profile 'work'"

  Error refusal(std::string_view why) const;  // invalid_argument: "AWS_REGION: …"
};

// The variables of the environment, and the one profile that was chosen, asked setting by setting.
class Configuration {
 public:
  // Chooses `profile`; if empty, that of AWS_PROFILE or AWS_DEFAULT_PROFILE, else "default".
  // invalid_argument: a profile that was named, but is in neither file; files as read_profiles().
  static Result<Configuration> read(const base::Environment& environment, std::string_view profile);

  const base::Environment& environment() const { return environment_; }
  const Profiles& profiles() const { return profiles_; }
  const std::string& profile_name() const { return profile_name_; }
  // The chosen profile; without entries if "default" is not there.
  const ProfileSection& profile() const { return profile_; }

  std::optional<Setting> variable(std::string_view name) const;
  // The entry of the chosen profile.
  std::optional<Setting> entry(std::string_view name) const;
  // The variable, or else the entry.
  std::optional<Setting> find(std::string_view variable_name, std::string_view entry_name) const;
  // The same for "true" and "false", in any case. Neither: false.
  Result<bool> find_flag(std::string_view variable_name, std::string_view entry_name) const;
  // The same for a whole number from 1 on.
  Result<std::optional<unsigned>> find_count(std::string_view variable_name,
                                             std::string_view entry_name) const;

  // The endpoint that is configured for a service ("dynamodb", "sts"), or for all; see settings.h
  // for the places and their order.
  Result<std::optional<transport::Origin>> find_endpoint(std::string_view service) const;
  // AWS_REGION, AWS_DEFAULT_REGION, region.
  std::optional<Setting> find_region() const;

 private:
  base::Environment environment_;
  Profiles profiles_;
  std::string profile_name_;
  ProfileSection profile_;
};

}  // namespace dynakeep::remote
