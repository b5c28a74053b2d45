#include "dynakeep/database.h"

namespace dynakeep {
namespace {

thread_local DeferredDurability* innermost = nullptr;

}  // namespace

DeferredDurability::DeferredDurability() : outer_(innermost) { innermost = this; }
DeferredDurability::~DeferredDurability() { innermost = outer_; }
DeferredDurability* DeferredDurability::current() { return innermost; }

}  // namespace dynakeep
