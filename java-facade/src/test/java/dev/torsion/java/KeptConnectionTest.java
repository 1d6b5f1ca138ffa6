// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.endpoint.EndpointSyntaxException;
import dev.torsion.loop.ReactorNotRunningException;
import dev.torsion.net.ConnectionRefusedException;
import dev.torsion.service.RetryPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** A client that stays connected. On real sockets it is one of the programs of the examples. */
@SuppressWarnings("FutureReturnValueIgnored")
class KeptConnectionTest extends InMemory {
  private static final String SERVER = "tcp:127.0.0.1:8007";
  private static final RetryPolicy EVERY_SECOND = failedAttempts -> Duration.ofSeconds(1);

  private final List<Connection<String>> served = new ArrayList<>();

  private Server startServer() {
    return now(
        torsion.serve(
            "tcp:8007",
            Codecs.line(),
            connection -> {
              served.add(connection);
              connection.onMessage(line -> connection.send("re: " + line));
            }));
  }

  private void stopServer(Server server) {
    served.forEach(Connection::close);
    served.clear();
    now(server.stop());
  }

  private KeptConnection<String> keepConnected(ConnectionPreparation<String> preparation) {
    return torsion
        .services()
        .keepConnected(
            SERVER,
            Codecs.line(),
            setUp -> setUp.retryPolicy(EVERY_SECOND).preparation(preparation));
  }

  private KeptConnection<String> keepConnected() {
    return keepConnected(connection -> null);
  }

  @Test
  void itIsConnectedAgainWhenTheServerIsBack() {
    var server = startServer();
    var kept = keepConnected();
    var first = now(kept.connection());
    assertSame(first, now(kept.connection()));
    assertEquals("re: one", now(first.request("one")));
    stopServer(server);
    assertTrue(first.closed().isDone());
    var next = kept.connection();
    advance(5_000);
    assertFalse(next.isDone());
    server = startServer();
    advance(1_000);
    var second = now(next);
    assertNotSame(first, second);
    assertEquals("re: two", now(second.request("two")));
    now(kept.stop());
    assertTrue(second.closed().isDone());
    stopServer(server);
  }

  @Test
  void whoDoesNotWantToWaitForEverHearsOfFailures() {
    var kept = keepConnected();
    var twice = kept.connection(2);
    failsNow(ConnectionRefusedException.class, kept.connection(1));
    assertFalse(twice.isDone());
    advance(1_000);
    failsNow(ConnectionRefusedException.class, twice);
    assertThrows(IllegalArgumentException.class, () -> kept.connection(0));
    now(kept.stop());
  }

  @Test
  void eachConnectionIsPreparedBeforeAnybodyHasIt() {
    var server = startServer();
    var answers = new ArrayList<String>();
    var login = new CompletableFuture<Void>();
    var kept =
        keepConnected(
            connection ->
                connection.request("login").thenAccept(answers::add).thenCompose(sent -> login));
    var connecting = kept.connection();
    reactor.flush();
    assertEquals(List.of("re: login"), answers);
    assertFalse(connecting.isDone());
    login.complete(null);
    var first = now(connecting);
    first.abort();
    advance(1_000);
    assertNotSame(first, now(kept.connection()));
    assertEquals(List.of("re: login", "re: login"), answers);
    now(kept.stop());
    stopServer(server);
  }

  @Test
  void aConnectionWhosePreparationFailsIsAborted() {
    var server = startServer();
    var refused = new IllegalStateException("wrong password");
    var prepared = new ArrayList<Connection<String>>();
    var kept =
        keepConnected(
            connection -> {
              prepared.add(connection);
              if (prepared.size() == 1) throw refused;
              return prepared.size() == 2 ? CompletableFuture.failedFuture(refused) : null;
            });
    assertSame(refused, failsNow(IllegalStateException.class, kept.connection(1)));
    advance(1_000);
    assertTrue(prepared.get(0).closed().isDone());
    advance(1_000);
    assertSame(prepared.get(2), now(kept.connection()));
    now(kept.stop());
    stopServer(server);
  }

  @Test
  void thePreparationIsCancelledWhenNobodyWantsItAnyMore() {
    var server = startServer();
    var login = new CompletableFuture<Void>();
    var kept = keepConnected(connection -> login);
    reactor.flush();
    assertFalse(login.isDone());
    now(kept.stop());
    assertTrue(login.isCancelled());
    stopServer(server);
  }

  @Test
  void whoAsksAtTheEndOfAConnectionGetsTheNextOne() {
    var server = startServer();
    var kept = keepConnected();
    var first = now(kept.connection());
    var next = first.receive().handle((line, lost) -> kept.connection()).thenCompose(c -> c);
    served.get(0).abort();
    reactor.flush();
    assertFalse(next.isDone());
    advance(1_000);
    assertNotSame(first, now(next));
    now(kept.stop());
    stopServer(server);
  }

  @Test
  void stoppedItConnectsNoMore() {
    var kept = keepConnected();
    var waiting = kept.connection();
    reactor.flush();
    now(kept.stop());
    failsNow(CancellationException.class, waiting);
    failsNow(CancellationException.class, kept.connection());
    assertEquals(List.of(), reactor.delayedCalls());
    now(kept.stop());
  }

  @Test
  void stoppedBeforeTheReactorRunsItNeverConnects() {
    var server = torsion.serve("tcp:8007", Codecs.line(), served::add);
    var kept = keepConnected();
    var stopped = kept.stop();
    now(stopped);
    advance(10_000);
    assertEquals(List.of(), served);
    now(now(server).stop());
  }

  @Test
  void cancellingTheFutureOnlyEndsTheWaiting() {
    var kept = keepConnected();
    var waiting = kept.connection();
    reactor.flush();
    waiting.cancel(false);
    var server = startServer();
    advance(1_000);
    now(kept.connection());
    now(kept.stop());
    stopServer(server);
  }

  @Test
  void itEndsBeforeTheReactorDoes() {
    var server = startServer();
    var kept = keepConnected();
    var connection = now(kept.connection());
    var waiting = torsion.keepConnected("tcp:127.0.0.1:9", Codecs.line()).connection();
    reactor.flush();
    torsion.stop();
    reactor.flush();
    assertTrue(connection.closed().isDone());
    failsNow(CancellationException.class, waiting);
    failsNow(ReactorNotRunningException.class, kept.connection());
    assertFalse(served.isEmpty());
    failsNow(ReactorNotRunningException.class, server.stop());
  }

  @Test
  void anEndpointThatIsNotUnderstoodIsRefusedAtOnce() {
    assertThrows(
        EndpointSyntaxException.class, () -> torsion.keepConnected("tcp:x", Codecs.line()));
  }
}
