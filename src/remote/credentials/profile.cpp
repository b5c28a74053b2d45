#include "remote/credentials/profile.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "http/message.h"
#include "remote/credentials/container.h"
#include "remote/credentials/instance.h"
#include "remote/credentials/process.h"
#include "remote/credentials/variables.h"

namespace dynakeep::remote {

namespace {

std::string text_of(const ProfileSection& profile, std::string_view name) {
  const std::string* found = profile.find(name);
  return found == nullptr ? std::string() : *found;
}

bool has(const ProfileSection& profile, std::string_view name) {
  return profile.find(name) != nullptr;
}

// Finds credentials of one profile, and of those it builds on.
class ProfileChain {
 public:
  ProfileChain(const Configuration& configuration, const Result<Sts>& sts, const Reach& reach)
      : configuration_(configuration), sts_(sts), reach_(reach) {}

  // The first of a chain assumes its role before it looks at its own keys: they are the role's
  // source. Those it builds on are sources, so their keys come first.
  enum class Place { first, source };

  Result<Finding> find(const std::string& name, Place place) {
    const auto& profiles = configuration_.profiles().profiles;
    const auto found = profiles.find(name);
    if (found == profiles.end()) {
      return Finding{.words = "no profile '" + name + "' in " +
                              configuration_.profiles().config_path + " or " +
                              configuration_.profiles().credentials_path};
    }
    const ProfileSection& profile = found->second;
    if (place == Place::source && has(profile, "aws_access_key_id")) return keys(name, profile);
    if (has(profile, "web_identity_token_file")) return web_identity(name, profile);
    if (has(profile, "role_arn")) return role(name, profile);
    if (has(profile, "aws_access_key_id")) return keys(name, profile);
    if (has(profile, "credential_process")) return process(name, profile);
    if (has(profile, "sso_session") || has(profile, "sso_account_id") ||
        has(profile, "sso_start_url") || has(profile, "login_session")) {
      return needs_person(name,
                          "signs in by a browser (IAM Identity Center or aws login), which is not "
                          "supported; add to "
                          "it: credential_process = aws configure export-credentials --profile " +
                              name);
    }
    return Finding{.words = "profile '" + name + "' has no credentials"};
  }

 private:
  static Error refusal(const std::string& name, std::string_view why) {
    return {ErrorCode::invalid_argument, "Profile '" + name + "' " + std::string(why)};
  }

  static Finding needs_person(const std::string& name, std::string_view why) {
    return {.words = "profile '" + name + "' " + std::string(why), .needs_person = true};
  }

  Result<Finding> keys(const std::string& name, const ProfileSection& profile) {
    if (!has(profile, "aws_secret_access_key")) {
      return refusal(name, "has aws_access_key_id without aws_secret_access_key");
    }
    std::string token = text_of(profile, "aws_session_token");
    if (token.empty()) token = text_of(profile, "aws_security_token");
    return finding(name, checked({.access_key_id = text_of(profile, "aws_access_key_id"),
                                  .secret_access_key = text_of(profile, "aws_secret_access_key"),
                                  .session_token = std::move(token)},
                                 "Profile '" + name + "'", reach_.clock.now()));
  }

  Result<Finding> process(const std::string& name, const ProfileSection& profile) {
    return finding(
        name, ask_process(text_of(profile, "credential_process"),
                          "The credential_process of profile '" + name + "'", reach_.clock.now()));
  }

  Result<Finding> web_identity(const std::string& name, const ProfileSection& profile) {
    if (!has(profile, "role_arn")) {
      return refusal(name, "has web_identity_token_file without role_arn");
    }
    if (!sts_) return sts_.error();
    return finding(name,
                   assume_role_with_web_identity(TRY(role_of(name, profile)),
                                                 text_of(profile, "web_identity_token_file"),
                                                 configuration_.environment(), *sts_, reach_));
  }

  Result<Finding> role(const std::string& name, const ProfileSection& profile) {
    if (has(profile, "mfa_serial")) {
      return needs_person(name,
                          "asks for a code of a second factor (mfa_serial), which nobody can type "
                          "here; use credential_process or temporary keys");
    }
    const std::string from_profile = text_of(profile, "source_profile");
    const std::string from_source = text_of(profile, "credential_source");
    if (from_profile.empty() == from_source.empty()) {
      return refusal(name, from_profile.empty()
                               ? "has role_arn without source_profile or credential_source"
                               : "has both source_profile and credential_source");
    }
    if (!sts_) return sts_.error();
    const Role wanted = TRY(role_of(name, profile));
    auto source = TRY(from_profile.empty() ? source_named(name, from_source)
                                           : source_profile(name, profile, from_profile));
    if (!source.credentials) {
      return Error(ErrorCode::access_denied,
                   "Profile '" + name + "' has nothing to assume its role with: " + source.words);
    }
    return finding(name, assume_role(wanted, *source.credentials, *sts_, reach_));
  }

  Result<Finding> source_profile(const std::string& name, const ProfileSection& profile,
                                 const std::string& source) {
    visited_.push_back(name);
    if (source == name) {
      if (!has(profile, "aws_access_key_id")) {
        return refusal(name, "is its own source_profile, but has no keys");
      }
      return keys(name, profile);
    }
    if (!configuration_.profiles().profiles.contains(source)) {
      return refusal(name, "has a source_profile, '" + source + "', that does not exist");
    }
    if (std::find(visited_.begin(), visited_.end(), source) != visited_.end()) {
      return refusal(name, "comes back to profile '" + source + "' by source_profile");
    }
    if (visited_.size() == chained_roles_max) {
      return refusal(name, "is at the end of too long a chain of source_profile");
    }
    return find(source, Place::source);
  }

  Result<Finding> source_named(const std::string& name, const std::string& source) {
    if (http::equal_ignoring_case(source, "Environment")) {
      return find_in_variables(configuration_.environment(), reach_.clock.now());
    }
    if (http::equal_ignoring_case(source, "EcsContainer")) {
      return find_at_container(configuration_.environment(), reach_);
    }
    if (http::equal_ignoring_case(source, "Ec2InstanceMetadata")) {
      return find_at_instance(configuration_, reach_);
    }
    return refusal(name,
                   "has a credential_source that is none of Environment, EcsContainer and "
                   "Ec2InstanceMetadata");
  }

  static Result<Role> role_of(const std::string& name, const ProfileSection& profile) {
    Role role{.arn = text_of(profile, "role_arn"),
              .session_name = text_of(profile, "role_session_name"),
              .external_id = text_of(profile, "external_id")};
    if (const std::string text = text_of(profile, "duration_seconds"); !text.empty()) {
      unsigned seconds = 0;
      const char* const end = text.data() + text.size();
      const auto [stopped, problem] = std::from_chars(text.data(), end, seconds);
      if (problem != std::errc() || stopped != end) {
        return refusal(name, "has duration_seconds that are not a whole number");
      }
      role.duration_seconds = seconds;
    }
    return role;
  }

  static Result<Finding> finding(const std::string& name, Result<Credentials> credentials) {
    if (!credentials) return credentials.error();
    return Finding{.credentials = std::move(*credentials), .words = "profile '" + name + "'"};
  }

  const Configuration& configuration_;
  const Result<Sts>& sts_;
  const Reach& reach_;
  std::vector<std::string> visited_;
};

}  // namespace

Result<Finding> find_in_profile(const Configuration& configuration, const Result<Sts>& sts,
                                const Reach& reach) {
  return ProfileChain(configuration, sts, reach)
      .find(configuration.profile_name(), ProfileChain::Place::first);
}

Result<Finding> find_by_web_identity_variables(const base::Environment& environment,
                                               const Result<Sts>& sts, const Reach& reach) {
  const auto token_file = environment.variable("AWS_WEB_IDENTITY_TOKEN_FILE");
  if (!token_file) return Finding{.words = "AWS_WEB_IDENTITY_TOKEN_FILE is not set"};
  if (!sts) return sts.error();
  auto arn = environment.variable("AWS_ROLE_ARN");
  if (!arn) {
    return Error(ErrorCode::invalid_argument,
                 "AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN");
  }
  const Role role{.arn = std::move(*arn),
                  .session_name = environment.variable("AWS_ROLE_SESSION_NAME").value_or("")};
  return Finding{.credentials = TRY(
                     assume_role_with_web_identity(role, *token_file, environment, *sts, reach)),
                 .words = "the web identity of role " + role.arn};
}

}  // namespace dynakeep::remote
