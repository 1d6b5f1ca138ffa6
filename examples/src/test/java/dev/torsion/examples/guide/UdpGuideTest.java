// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.torsion.examples.java.UpperCaseDatagrams;
import dev.torsion.framing.Datagram;
import dev.torsion.java.Codecs;
import dev.torsion.java.Torsion;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The Java of the guide's page about UDP. */
class UdpGuideTest {
  private static CompletableFuture<String> ask(
      Torsion torsion, String host, int port, String question) {
    return torsion
        .connectDatagrams(host, port, Codecs.raw().text())
        .thenCompose(
            client -> {
              var answer = client.receive().orTimeout(2, TimeUnit.SECONDS);
              client.send(question);
              return answer.thenApply(Datagram::message).whenComplete((a, e) -> client.close());
            });
  }

  @Test
  void aQuestionIsAnswered() throws Exception {
    try (var torsion = Torsion.start()) {
      var server = UpperCaseDatagrams.serve(torsion, "udp:0:interface=127.0.0.1").join();
      var answer = ask(torsion, "localhost", server.port(), "who is there?");
      assertEquals("WHO IS THERE?", answer.get(20, TimeUnit.SECONDS));
    }
  }
}
