// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.CompletableFuture.completedFuture;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.torsion.testkit.MemoryReactor;
import dev.torsion.testkit.junit.TorsionExtension;
import dev.torsion.web.HttpException;
import dev.torsion.web.Resource;
import dev.torsion.web.Response;
import dev.torsion.web.client.Agent;
import dev.torsion.web.client.ClientRequest;
import dev.torsion.web.client.RequestBody;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The same tools in Java, under the extension, which finds what they leave behind. */
@ExtendWith(TorsionExtension.class)
class WebTestkitTest {
  @Test
  void aServerInMemoryAnswersAndKeepsWhatItWasAsked(MemoryReactor reactor) {
    try (var server = MockWebServer.on(reactor);
        var agent = Agent.of(reactor)) {
      server.enqueue(MockResponse.text("slow").withThrottle(1, Duration.ofSeconds(1)));
      var response =
          reactor.await(
              agent.send(ClientRequest.post(server.url("/cats"), RequestBody.text("Tom"))));
      assertEquals("slow", new String(reactor.await(response.body().bytes()), UTF_8));
      assertEquals(Duration.ofSeconds(3), reactor.clock().elapsed());
      assertEquals("Tom", server.takeRequest().text());

      server.dispatch(request -> MockResponse.text("x").withFault(MockFault.RESET, MockPoint.HEAD));
      var failing = agent.send("POST", server.url("/dogs"));
      assertThrows(HttpException.class, () -> reactor.await(failing));
    }
  }

  @Test
  void aTreeOfResourcesIsAskedWithoutSockets(MemoryReactor reactor) {
    var root =
        Resource.tree()
            .putChild("cats", Resource.of(request -> completedFuture(Response.text("Tom"))));
    try (var client = StubAgent.of(reactor, root)) {
      var answer = client.get("/cats");
      assertEquals(200, answer.status());
      assertEquals("Tom", answer.text());
      assertEquals(404, client.get("/dogs").status());
    }
  }
}
