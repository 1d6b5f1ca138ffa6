// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.clock.Clock;
import dev.torsion.framing.LineReceiver;
import dev.torsion.net.Factory;
import dev.torsion.net.TimeoutMixin;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A time-out of a callback protocol, in Java. */
@SuppressWarnings("FutureReturnValueIgnored")
class TimeoutMixinTest extends InMemory {
  private static final class Patient extends LineReceiver {
    private final TimeoutMixin idle;

    Patient(Clock clock) {
      idle = new TimeoutMixin(this, clock);
    }

    @Override
    protected void connectionMade() {
      idle.setTimeout(Duration.ofSeconds(5));
    }

    @Override
    protected void lineReceived(byte[] line) {
      idle.resetTimeout();
      sendLine(line);
    }
  }

  @Test
  void aPeerThatSaysNothingIsClosed() {
    var server = now(torsion.listenTcp(0, new Factory(() -> new Patient(reactor))));
    var client = now(torsion.connect("tcp:127.0.0.1:" + server.port(), Codecs.line()));
    var closed = client.closed();
    for (int i = 0; i < 3; i++) {
      advance(4_000);
      assertEquals("still here", now(client.request("still here")));
    }
    advance(4_999);
    assertFalse(closed.isDone());
    advance(1);
    assertTrue(now(closed).isClean());
    assertEquals(
        0,
        reactor.delayedCalls().stream()
            .filter(call -> call.toString().contains("Timeout"))
            .count());
    now(server.stop());
  }
}
