// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.endpoint.TlsClientEndpoint;
import dev.torsion.endpoint.TlsServerEndpoint;
import dev.torsion.java.Codecs;
import dev.torsion.java.Torsion;
import dev.torsion.tls.Tls;
import dev.torsion.tls.TlsTrust;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** The programs of the guide's page on TLS. */
class TlsGuideTest {
  @Test
  void aServerAndAClient() {
    try (var torsion = Torsion.start()) {
      var identity = Tls.selfSigned("localhost");
      var tls = Tls.server(identity);
      var server =
          torsion
              .serve(
                  new TlsServerEndpoint(torsion.reactor(), 0, tls),
                  Codecs.line(),
                  c -> c.onMessage(c::send))
              .join();
      var trusting = Tls.client().withTrust(TlsTrust.of(identity));
      var endpoint = new TlsClientEndpoint(torsion.reactor(), "localhost", server.port(), trusting);
      var answer = torsion.connect(endpoint, Codecs.line()).join().request("hello").join();
      assertEquals("hello", answer);
    }
  }

  @Test
  void startTls() {
    try (var torsion = Torsion.start()) {
      var identity = Tls.selfSigned("localhost");
      var tls = Tls.server(identity);
      var server =
          torsion.serve(
              "tcp:0:interface=127.0.0.1",
              Codecs.line(),
              c ->
                  c.onMessage(
                      line -> {
                        if (!line.equals("STARTTLS")) return c.send("got " + line);
                        var accepted = c.send("READY");
                        c.startTls(tls);
                        return accepted;
                      }));
      var client = torsion.connect("tcp:127.0.0.1:" + server.join().port(), Codecs.line()).join();
      assertEquals("READY", client.request("STARTTLS").join());
      var trusting = Tls.client().withTrust(TlsTrust.of(identity));
      assertEquals("TLSv1.3", client.startTls(trusting, "localhost").join().getProtocol());
      assertEquals("got secret", client.request("secret").join());
      assertTrue(client.tlsSession().join().isPresent());
    }
  }

  @Test
  void linesBehindStartTlsInTheClearEndTheConnection() throws IOException {
    try (var torsion = Torsion.start()) {
      var tls = Tls.server(Tls.selfSigned("localhost"));
      var server =
          torsion
              .serve(
                  "tcp:0:interface=127.0.0.1",
                  Codecs.line(),
                  c ->
                      c.onEach(
                          line -> {
                            if (line.equals("STARTTLS")) c.startTls(tls);
                            else c.send("got " + line);
                          }))
              .join();
      // Somebody between sends both lines in one packet.
      try (var socket =
          new java.net.Socket(java.net.InetAddress.getLoopbackAddress(), server.port())) {
        socket.getOutputStream().write("STARTTLS\r\nDELETE ALL\r\n".getBytes(US_ASCII));
        var answer = new String(answerOf(socket), US_ASCII);
        assertFalse(answer.contains("DELETE"), answer);
      }
    }
  }

  /** All until the end; a reset is one too. */
  private static byte[] answerOf(java.net.Socket socket) throws IOException {
    socket.setSoTimeout(10_000);
    try {
      return socket.getInputStream().readAllBytes();
    } catch (java.net.SocketException e) {
      return new byte[0];
    }
  }
}
