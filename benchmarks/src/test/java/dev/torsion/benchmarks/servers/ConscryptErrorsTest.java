// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.servers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.torsion.net.ClientFactory;
import dev.torsion.net.ClosedBy;
import dev.torsion.net.ConnectOptions;
import dev.torsion.net.Factory;
import dev.torsion.net.ListeningPort;
import dev.torsion.net.Protocol;
import dev.torsion.net.TcpOptions;
import dev.torsion.testkit.MemoryReactor;
import dev.torsion.tls.Tls;
import dev.torsion.tls.TlsAlert;
import dev.torsion.tls.TlsAlertException;
import dev.torsion.tls.TlsClientOptions;
import dev.torsion.tls.TlsEngines;
import dev.torsion.tls.TlsException;
import dev.torsion.tls.TlsIdentity;
import dev.torsion.tls.TlsMismatchException;
import dev.torsion.tls.TlsServerOptions;
import dev.torsion.tls.TlsTrust;
import java.util.ArrayList;
import java.util.List;
import org.conscrypt.Conscrypt;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The messages of a server with Conscrypt's engine, which has BoringSSL's words, when handshakes
 * fail.
 */
class ConscryptErrorsTest {
  private static final TlsIdentity IDENTITY = Tls.selfSigned("localhost");

  @BeforeAll
  static void needsConscrypt() {
    assumeTrue(Conscrypt.isAvailable(), "Conscrypt has no library for this system");
  }

  @Test
  void namesItsOwnEngineWhenThatFindsNoCertificate() {
    TlsException failure = failure(server().withCipherSuites("TLS_AES_128_GCM_SHA256"), trusting());
    assertInstanceOf(TlsMismatchException.class, failure);
    assertEquals(ClosedBy.US, failure.getBy());
    String message = failure.getMessage();
    assertTrue(message.contains("the engine of this side has found no certificate"), message);
    assertTrue(message.contains("TLS_AES_128_GCM_SHA256"), message);
  }

  @Test
  void knowsTheAlertOfAClientThatRefusesTheCertificate() {
    TlsException failure = failure(server(), Tls.client());
    assertEquals(
        TlsAlert.CERTIFICATE_UNKNOWN,
        assertInstanceOf(TlsAlertException.class, failure).getAlert());
  }

  @Test
  void knowsThatTheVersionsDiffer() {
    TlsException failure =
        failure(server().withVersions("TLSv1.3"), trusting().withVersions("TLSv1.2"));
    assertInstanceOf(TlsMismatchException.class, failure);
  }

  private static TlsServerOptions server() {
    return Tls.server(IDENTITY).withEngines(TlsEngines.of(Conscrypt.newProvider()));
  }

  private static TlsClientOptions trusting() {
    return Tls.client().withTrust(TlsTrust.of(IDENTITY));
  }

  /** Why the handshake of a client has failed, as the server says it. */
  private static TlsException failure(TlsServerOptions server, TlsClientOptions client) {
    List<TlsException> failures = new ArrayList<>();
    try (MemoryReactor reactor = new MemoryReactor()) {
      TlsServerOptions heard = server.withFailureListener((peer, reason) -> failures.add(reason));
      Factory served = heard.wrap(new Factory(Silent::new));
      var port =
          reactor.listenTcp(0, served, "", ListeningPort.DEFAULT_BACKLOG, TcpOptions.DEFAULT);
      ClientFactory factory = client.wrap(new ClientFactory(Silent::new), "localhost");
      reactor.connectTcp(
          "127.0.0.1", port.port(), factory, ConnectOptions.DEFAULT, TcpOptions.DEFAULT);
      reactor.flush();
    }
    assertEquals(1, failures.size(), failures.toString());
    return failures.get(0);
  }

  private static class Silent extends Protocol {}
}
