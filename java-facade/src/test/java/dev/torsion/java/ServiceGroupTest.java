// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.endpoint.Endpoints;
import dev.torsion.loop.ReactorNotRunningException;
import dev.torsion.net.CannotListenException;
import dev.torsion.net.Factory;
import dev.torsion.net.Protocol;
import dev.torsion.service.MultiService;
import dev.torsion.service.StreamServerEndpointService;
import dev.torsion.service.TimerService;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The services of a program, with futures. */
@SuppressWarnings("FutureReturnValueIgnored")
class ServiceGroupTest extends InMemory {
  private final List<String> seen = new ArrayList<>();

  private void note(String what) {
    seen.add(what);
  }

  /** Notes its start and its stop, which lasts until {@code ended} is complete. */
  private class Noting implements StageService {
    private final String name;
    private final @Nullable CompletionStage<?> ended;

    Noting(String name, @Nullable CompletionStage<?> ended) {
      this.name = name;
      this.ended = ended;
    }

    @Override
    public void start() {
      assertTrue(reactor.isInReactorThread());
      seen.add("start " + name);
    }

    @Override
    public @Nullable CompletionStage<?> stop() {
      assertTrue(reactor.isInReactorThread());
      seen.add("stop " + name);
      return ended;
    }
  }

  @Test
  void servicesStartInOrderAndStopInReverseBeforeTheReactorDoes() {
    var services = torsion.services();
    var ended = new CompletableFuture<Void>();
    var one = services.add(new Noting("one", ended));
    services.add(new Noting("two", null));
    assertFalse(one.isDone()); // the reactor does not run yet
    now(one);
    assertEquals(List.of("start one", "start two"), seen);
    torsion.stop();
    reactor.flush();
    assertEquals(List.of("start one", "start two", "stop two", "stop one"), seen);
    assertEquals("still here", now(torsion.call(() -> "still here"))); // it waits for the first
    ended.complete(null);
    reactor.flush();
    failsNow(ReactorNotRunningException.class, torsion.call(() -> "too late"));
  }

  @Test
  void aServiceCanBeStoppedAlone() {
    var ended = new CompletableFuture<Void>();
    var one = now(torsion.services().add(new Noting("one", ended)));
    var stopped = one.stop();
    reactor.flush();
    assertEquals(List.of("start one", "stop one"), seen);
    assertFalse(stopped.isDone());
    var again = one.stop();
    ended.complete(null);
    now(stopped);
    now(again);
    now(one.stop());
    torsion.stop();
    reactor.flush();
    assertEquals(List.of("start one", "stop one"), seen);
  }

  @Test
  void aServiceThatCannotStartFailsItsFutureAndHarmsNoOther() {
    var services = torsion.services();
    var broken = new IllegalStateException("broken");
    var failing =
        services.add(
            new StageService() {
              @Override
              public void start() {
                throw broken;
              }

              @Override
              public @Nullable CompletionStage<?> stop() {
                throw new AssertionError("it has never started");
              }
            });
    now(services.add(new Noting("other", null)));
    assertSame(broken, failsNow(IllegalStateException.class, failing));
    torsion.stop();
    reactor.flush();
    assertEquals(List.of("start other", "stop other"), seen);
  }

  @Test
  void aStopThatFailsFailsItsFuture() {
    var broken = new IllegalStateException("broken");
    var one =
        now(torsion.services().add(new Noting("one", CompletableFuture.failedFuture(broken))));
    assertSame(broken, failsNow(IllegalStateException.class, one.stop()));
  }

  @Test
  void takenBackBeforeTheReactorRunsItIsNotStarted() {
    var one = torsion.services().add(new Noting("one", null));
    one.cancel(false);
    now(torsion.services().add(new Noting("two", null)));
    assertEquals(List.of("start two"), seen);
  }

  @Test
  void theServicesOfTheCoreGoHereToo() {
    var endpoint = Endpoints.serverFromString(reactor, "tcp:8007");
    var server = new StreamServerEndpointService(endpoint, new Factory(() -> new Protocol() {}));
    var timer = new TimerService(reactor, Duration.ofSeconds(1), () -> note("tick"));
    var group = new MultiService();
    group.addService(server);
    group.addService(timer);
    var started = now(torsion.services().add(group));
    advance(2_500);
    assertEquals(List.of("tick", "tick", "tick"), seen);
    var taken = new StreamServerEndpointService(endpoint, new Factory(() -> new Protocol() {}));
    failsNow(CannotListenException.class, torsion.services().add(taken));
    now(started.stop());
    now(now(torsion.services().add(taken)).stop());
    advance(5_000);
    assertEquals(3, seen.size());
  }

  @Test
  void nothingIsStartedOnceTheReactorStops() {
    now(torsion.services().add(new Noting("one", null)));
    torsion.stop();
    reactor.flush();
    failsNow(ReactorNotRunningException.class, torsion.services().add(new Noting("late", null)));
    assertEquals(List.of("start one", "stop one"), seen);
  }
}
