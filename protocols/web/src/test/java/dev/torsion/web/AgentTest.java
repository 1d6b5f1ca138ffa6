// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.CompletableFuture.completedFuture;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.defer.Deferred;
import dev.torsion.endpoint.Endpoints;
import dev.torsion.net.ConnectionRefusedException;
import dev.torsion.net.ListeningPort;
import dev.torsion.reactor.Reactor;
import dev.torsion.testkit.MemoryReactor;
import dev.torsion.testkit.junit.TorsionExtension;
import dev.torsion.web.client.Agent;
import dev.torsion.web.client.Agents;
import dev.torsion.web.client.ClientRequest;
import dev.torsion.web.client.ClientResponse;
import dev.torsion.web.client.HttpAgent;
import dev.torsion.web.client.HttpClientOptions;
import dev.torsion.web.client.RequestBody;
import dev.torsion.web.client.ResponseTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The client in Java. */
@ExtendWith(TorsionExtension.class)
class AgentTest {
  private static String serve(MemoryReactor reactor, RequestHandler handler) {
    var endpoint = Endpoints.serverFromString(reactor, "tcp:0:interface=127.0.0.1");
    var port = reactor.await(endpoint.listen(Site.of(reactor, handler)));
    return "http://" + port.host();
  }

  private static void end(MemoryReactor reactor, HttpAgent agent) {
    agent.close();
    reactor.getPorts().forEach(ListeningPort::stopListening);
    reactor.flush();
  }

  @Test
  void aFutureHasTheHeadAndAnotherOneTheBody(MemoryReactor reactor) {
    var base = serve(reactor, r -> completedFuture(Response.text(r.method() + " " + r.target())));
    var agent = Agent.of(reactor);
    var text =
        agent
            .send("GET", base + "/a?b")
            .thenCompose(
                response -> {
                  assertEquals(200, response.status());
                  assertTrue(response.isSuccess());
                  return response.body().text();
                });
    assertEquals("GET /a?b", reactor.await(text));
    end(reactor, agent);
  }

  @Test
  void aBodyIsWrittenByFutures(MemoryReactor reactor) {
    var base = serve(reactor, r -> r.body().text().thenApply(b -> Response.text("got " + b)));
    var agent = Agent.of(reactor);
    var body =
        RequestBody.streaming(
            "text/plain",
            sink ->
                sink.send("a".getBytes(UTF_8)).thenCompose(x -> sink.send("b".getBytes(UTF_8))));
    var text =
        agent
            .send(ClientRequest.post(base, body).withHeader("X-A", "1"))
            .thenCompose(r -> r.body().bytes())
            .thenApply(b -> new String(b, UTF_8));
    assertEquals("got ab", reactor.await(text));
    end(reactor, agent);
  }

  @Test
  void cancellingAStageBehindItEndsTheRequest(MemoryReactor reactor) {
    var never = new CompletableFuture<Response>();
    var base = serve(reactor, r -> never);
    var agent = Agent.of(reactor);
    var status = agent.send("GET", base).thenApply(ClientResponse::status);
    reactor.flush();
    status.cancel(false);
    reactor.flush();
    assertTrue(never.isCancelled());
    assertEquals("HttpAgent(0 connections, 0 idle, 0 requests wait)", agent.toString());
    end(reactor, agent);
  }

  @Test
  void errorsHaveTheirTypes(MemoryReactor reactor) {
    var never = new CompletableFuture<Response>();
    var base = serve(reactor, r -> never);
    var agent =
        Agent.of(reactor, HttpClientOptions.DEFAULT.withResponseTimeout(Duration.ofSeconds(3)));
    var late = agent.send("GET", base);
    assertThrows(ResponseTimeoutException.class, () -> reactor.await(late));
    var nowhere = agent.send("GET", "http://127.0.0.1:1/");
    assertThrows(ConnectionRefusedException.class, () -> reactor.await(nowhere));
    assertThrows(IllegalArgumentException.class, () -> agent.send("GET", "ftp://a/"));
    end(reactor, agent);
  }

  /** An agent around another one, in Java. */
  private record Naming(Agent inner) implements Agent {
    @Override
    public Deferred<ClientResponse> request(ClientRequest request) {
      return inner.request(request.withHeader("X-Name", "robot"));
    }

    @Override
    public Reactor reactor() {
      return inner.reactor();
    }
  }

  @Test
  void anAgentStandsAroundAnother(MemoryReactor reactor) {
    var base = serve(reactor, r -> completedFuture(Response.text(r.headers().get("X-Name"))));
    var agent = Agent.of(reactor);
    var body =
        new Naming(agent)
            .request("GET", base, Headers.of("A", "b"), null)
            .addAsyncCallback(r -> Agents.readBody(r));
    assertEquals("robot", new String(reactor.await(body), UTF_8));
    end(reactor, agent);
  }
}
