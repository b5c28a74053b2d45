#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/clock.h"
#include "dynakeep/result.h"
#include "dynakeep/services/api_keys.h"

namespace dynakeep {

// A key that was made just now.
struct NewApiKey {
  std::string key = {};  // the secret: nobody can tell it a second time
  ApiKey scope = {};
};

struct RotatedApiKey {
  NewApiKey successor = {};
  ApiKey predecessor = {};  // with the time it ends at
};

// The file that ApiKeys are loaded from, changed: one change at a time, of all processes on the
// machine, and each as a whole or not at all. Members of records that are not ours stay, as do the
// order of records and other keys. The file's owner stays, and nobody else may read it afterwards.
// Thread-safe.
//
// New keys are 32 bytes of the system's chance, written "dk_" and 43 letters, digits, '-' and '_';
// only their SHA-256 is in the file. Beware: dynamodb-mini's own server knows nothing of digests
// and times, and must not be given such a file.
//
// A key is named by its fingerprint, or more digits of its digest, or by its label; of several with
// one label by the only one that has not ended.
//
// Errors: invalid_argument, as ApiKeys::load, and with a list if several keys have the name;
// not_found: no key has it.
class ApiKeyFile {
 public:
  explicit ApiKeyFile(std::string path, const Clock& clock = system_clock())
      : path_(std::move(path)), clock_(clock) {}

  // In the order of the file.
  Result<std::vector<ApiKey>> list() const;

  // A new key, at the end of the file, which is made if it is not there.
  Result<NewApiKey> add(const ApiKey& scope) const;

  // A new key with the scope of another, for callers to change over to; the other ends after
  // `overlap` (0 to 366 days), if not before. The new one ends when the other was to end, unless
  // `not_after` says another time. invalid_argument: the other has not begun; or it has ended, and
  // not_after does not say when this does.
  Result<RotatedApiKey> rotate(std::string_view name, std::chrono::milliseconds overlap,
                               std::optional<Time> not_after = {}) const;

  enum class Revocation : std::uint8_t {
    remove,  // the record goes
    end,     // it stays, with now as its end, for who wants to know what there was
  };
  // The key is good no more, which a running service sees within seconds.
  Result<ApiKey> revoke(std::string_view name, Revocation how = Revocation::remove) const;

 private:
  std::string path_;
  const Clock& clock_;
};

}  // namespace dynakeep
