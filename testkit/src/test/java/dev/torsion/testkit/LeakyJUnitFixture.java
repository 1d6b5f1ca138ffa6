// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit;

import dev.torsion.testkit.junit.TorsionExtension;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Run by {@link ExtensionsTest} only: most of its tests fail. */
@ExtendWith(TorsionExtension.class)
class LeakyJUnitFixture {
  private final MemoryReactor field = new MemoryReactor();

  @Test
  void pendingCall(MemoryReactor reactor) {
    Leaks.pendingCall(reactor);
  }

  @Test
  void openPort() {
    Leaks.openPort(field);
  }

  @Test
  void openConnection(MemoryReactor reactor) {
    Leaks.openConnection(reactor);
  }

  @Test
  void unhandledFailure() {
    Leaks.unhandledFailure();
  }

  @Test
  void waitingCoroutine(MemoryReactor reactor) {
    Leaks.waitingCoroutine(reactor);
  }

  @Test
  void waitingInline() {
    Leaks.waitingInline();
  }

  @Test
  void endlessShutdown() {
    Leaks.endlessShutdown(field);
  }

  @Test
  void pausedFailure() {
    Leaks.pausedFailure();
  }

  @Test
  void unseenFuture(MemoryReactor reactor) {
    Leaks.unseenFuture(reactor);
  }

  @Test
  void loggedError() {
    Leaks.loggedError();
  }

  @Test
  void nothing(MemoryReactor reactor, CapturedLogs logs) {
    Leaks.nothing(reactor, logs);
  }

  @Test
  void failed(MemoryReactor reactor) {
    Leaks.pendingCall(reactor);
    throw new ArithmeticException("the test's own");
  }

  @Test
  void clock(VirtualClock clock, MemoryReactor reactor) {
    if (reactor.clock() == clock) clock.callLater(Duration.ofSeconds(1), () -> {});
  }
}
