// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static java.util.concurrent.CompletableFuture.completedFuture;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.torsion.testkit.MemoryReactor;
import dev.torsion.testkit.junit.TorsionExtension;
import dev.torsion.web.HttpException;
import dev.torsion.web.Response;
import dev.torsion.web.Router;
import dev.torsion.web.client.Agent;
import dev.torsion.web.client.ClientRequest;
import dev.torsion.web.client.RequestBody;
import dev.torsion.web.testkit.MockFault;
import dev.torsion.web.testkit.MockPoint;
import dev.torsion.web.testkit.MockResponse;
import dev.torsion.web.testkit.MockWebServer;
import dev.torsion.web.testkit.StubAgent;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The Java of docs/guide/testing.md about HTTP. */
@ExtendWith(TorsionExtension.class)
class WebTestingTest {
  @Test
  void aClientIsTestedAgainstAServerThatAnswersAsTold(MemoryReactor reactor) {
    try (var server = MockWebServer.on(reactor);
        var agent = Agent.of(reactor)) {
      server.enqueue(MockResponse.json("{\"name\": \"Tom\"}").withHeadDelay(Duration.ofSeconds(3)));
      server.enqueue(MockResponse.text("half").withFault(MockFault.RESET, MockPoint.BODY));

      var response = reactor.await(agent.send("GET", server.url("/cats/7")));
      assertEquals(200, response.status());
      assertEquals(Duration.ofSeconds(3), reactor.clock().elapsed());
      response.close();
      assertEquals("/cats/7", server.takeRequest().target());

      var cut = reactor.await(agent.send("GET", server.url("/cats/8")));
      var body = cut.body().bytes();
      assertThrows(HttpException.class, () -> reactor.await(body));
    }
  }

  @Test
  void aSiteIsAskedWithoutSockets(MemoryReactor reactor) {
    var router =
        Router.builder()
            .get("/cats/{id}", request -> completedFuture(Response.text(request.parameter("id"))))
            .post("/cats", request -> request.body().text().thenApply(Response::text))
            .build();
    try (var client = StubAgent.of(reactor, router)) {
      assertEquals("7", client.get("/cats/7").text());
      assertEquals(405, client.ask("DELETE", "/cats/7").status());
      var post = ClientRequest.post("http://cats.test/cats", RequestBody.text("Tom"));
      assertEquals("Tom", client.ask(post).text());
    }
  }
}
