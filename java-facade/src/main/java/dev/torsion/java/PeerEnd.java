// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.defer.Deferred;
import dev.torsion.defer.Deferreds;
import dev.torsion.net.CloseReason;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Tells those who wait for the end of the peer's messages. On the reactor's thread. */
final class PeerEnd {
  private boolean hasCome;
  private @Nullable CloseReason gone;
  private @Nullable Set<Deferred<Void>> waiting; // null rather than empty

  Deferred<Void> whenCome() {
    CloseReason reason = gone;
    if (hasCome) return Deferreds.succeed(null);
    if (reason != null) return Deferreds.fail(reason);
    Set<Deferred<Void>> all = waiting;
    if (all == null) {
      all = new LinkedHashSet<>();
      waiting = all;
    }
    Deferred<Void> waiter = new Deferred<>(all::remove);
    all.add(waiter);
    return waiter;
  }

  /** The peer has ended its side, and its messages are done with. */
  void come() {
    hasCome = true;
    for (Deferred<Void> waiter : taken()) {
      if (!waiter.isCalled()) waiter.callback(null);
    }
  }

  /** The connection is gone: if the end has not come by now, it does not come. */
  void gone(CloseReason reason) {
    gone = reason;
    for (Deferred<Void> waiter : taken()) {
      if (!waiter.isCalled()) waiter.errback(reason);
    }
  }

  /** One of them may cancel another. */
  private List<Deferred<Void>> taken() {
    Set<Deferred<Void>> all = waiting;
    waiting = null;
    return all == null ? List.of() : List.copyOf(all);
  }
}
