// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.torsion.framing.CorrelationOptions;
import dev.torsion.framing.PlainBytesException;
import dev.torsion.net.CloseReason;
import dev.torsion.tls.Tls;
import dev.torsion.tls.TlsClientOptions;
import dev.torsion.tls.TlsException;
import dev.torsion.tls.TlsIdentity;
import dev.torsion.tls.TlsTrust;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Messages that came in the clear, put there by somebody between, are never taken for encrypted
 * ones (CVE-2011-0411), wherever they wait.
 */
class StartTlsInjectionTest extends InMemory {
  private static final TlsIdentity IDENTITY = Tls.selfSigned("localhost");
  private static final TlsClientOptions TRUSTING = Tls.client().withTrust(TlsTrust.of(IDENTITY));

  private final List<String> got = new ArrayList<>();
  private final Pair<String> ends = connected(Codecs.line());

  private static @Nullable Integer keyOf(String line) {
    return line.startsWith("*") ? null : Integer.valueOf(line);
  }

  private KeyedRequests<Integer, String> requests() {
    return ends.client().requestsBy(StartTlsInjectionTest::keyOf, CorrelationOptions.DEFAULT);
  }

  private void injected(String... lines) {
    for (String line : lines) now(ends.server().send(line));
    reactor.flush();
  }

  /** The client begins TLS, and ends. */
  private void tlsIsRefused() {
    failsNow(TlsException.class, ends.client().startTls(TRUSTING, "localhost"));
    isAborted();
  }

  private void isAborted() {
    CloseReason reason = now(ends.client().closed());
    assertInstanceOf(PlainBytesException.class, reason.getCause());
    now(ends.server().closed());
  }

  @Test
  void aMessageThatNobodyHasAskedForIsNotReceived() {
    injected("injected");
    tlsIsRefused();
    failsNow(PlainBytesException.class, ends.client().receive());
  }

  @Test
  void messagesThatWaitForAHandlerAreNotHandled() {
    injected("1", "2");
    tlsIsRefused();
    ends.client().onEach(got::add);
    reactor.flush();
    assertEquals(List.of(), got);
  }

  @Test
  void pushesWithoutAHandlerAreNotHandled() {
    var requests = requests();
    injected("*1", "*2");
    tlsIsRefused();
    requests.onPush(
        push -> {
          got.add(push);
          return null;
        });
    reactor.flush();
    assertEquals(List.of(), got);
  }

  @Test
  void pushesThatWaitForTheHandlerOfTheOneBeforeAreNotHandled() {
    var requests = requests();
    var work = new CompletableFuture<Void>();
    requests.onPush(
        push -> {
          got.add(push);
          return work;
        });
    injected("*1", "*2");
    tlsIsRefused();
    work.complete(null);
    reactor.flush();
    assertEquals(List.of("*1"), got);
  }

  @Test
  void aMessageThatComesBackWhenTlsHasBegunIsNotReceived() {
    var never = ends.client().receive().thenApplyAsync(line -> line, work -> {});
    injected("injected");
    var server = ends.server().startTls(Tls.server(IDENTITY));
    now(ends.client().startTls(TRUSTING, "localhost"));
    now(server);
    never.cancel(true);
    isAborted();
    failsNow(PlainBytesException.class, ends.client().receive());
  }

  @Test
  void withoutAnythingInTheClearMessagesComeUnderTls() {
    var server = ends.server().startTls(Tls.server(IDENTITY));
    now(ends.client().startTls(TRUSTING, "localhost"));
    now(server);
    injected("inside");
    var stage = ends.client().receive().thenApplyAsync(line -> line, work -> {});
    reactor.flush();
    stage.cancel(true);
    assertEquals("inside", now(ends.client().receive()));
    ends.client().close();
    reactor.flush();
  }
}
