#pragma once

#include <cstdint>

#include "dynakeep/stores/stream_dead_letters.h"

namespace dynakeep::streams {

enum class Replayed : std::uint8_t { handled, failed, refused };

// Hands the letter to the handler, as a batch of its own. One that failed is then the letter to be
// kept in its place. Refused: the handler wants no more, and has not handled this one.
Replayed replay(StreamDeadLetter& letter, const StreamHandler& handler, const Clock& clock);

}  // namespace dynakeep::streams
