// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.testkit.junit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.testkit.MemoryReactor;
import dev.torsion.testkit.junit.TorsionExtension;
import dev.torsion.web.client.Agent;
import dev.torsion.web.testkit.MockResponse;
import dev.torsion.web.testkit.MockWebServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Servers that the extension gives to tests, and takes back. */
class MockWebServerExtensionTest {
  private static void isAsked(MemoryReactor reactor, MockWebServer server) {
    server.enqueue(MockResponse.text("Tom"));
    try (var agent = Agent.of(reactor)) {
      var response = reactor.await(agent.send("GET", server.url("/cats")));
      assertEquals(200, response.status());
      response.close();
    }
    assertEquals("/cats", server.takeRequest().target());
  }

  @Nested
  @ExtendWith({TorsionExtension.class, MockWebServerExtension.class})
  class InMemory {
    private MockWebServer before;

    @BeforeEach
    void before(MockWebServer server) {
      before = server;
    }

    @RepeatedTest(2)
    void aTestHasOneServerOfItsOwn(MemoryReactor reactor, MockWebServer server) {
      assertSame(before, server);
      assertEquals(0, server.requestCount());
      isAsked(reactor, server);
    }

    @Test
    void aTestMayCloseItItself(MockWebServer server) {
      server.close();
    }
  }

  @Nested
  @ExtendWith({MockWebServerExtension.class, TorsionExtension.class})
  class InTheOtherOrder {
    @Test
    void theServerIsNoLeftover(MemoryReactor reactor, MockWebServer server) {
      isAsked(reactor, server);
    }
  }

  @Nested
  class OnARealPort {
    private static final List<MockWebServer> SERVERS = new ArrayList<>();

    @RegisterExtension final MockWebServerExtension mock = MockWebServerExtension.onRealPort();

    @RepeatedTest(2)
    void anyClientCanAskIt(MockWebServer server) throws IOException, InterruptedException {
      assertSame(server, mock.server());
      server.enqueue(MockResponse.text("Tom"));
      var request = HttpRequest.newBuilder(URI.create(server.url("/cats"))).build();
      assertEquals("Tom", HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body());
      assertEquals("/cats", server.takeRequest().target());
      SERVERS.add(server);
    }

    @AfterEach
    void itIsStillThere(MockWebServer server) {
      assertSame(SERVERS.get(SERVERS.size() - 1), server);
    }

    @AfterAll
    static void eachTestHadAServerThatIsClosedNow() {
      assertEquals(2, SERVERS.size());
      assertNotSame(SERVERS.get(0), SERVERS.get(1));
      for (var server : SERVERS) {
        var request = HttpRequest.newBuilder(URI.create(server.url("/"))).build();
        var client = HttpClient.newHttpClient();
        assertThrows(IOException.class, () -> client.send(request, BodyHandlers.ofString()));
      }
    }
  }

  @Test
  void withoutAReactorOfATestItSaysWhatIsMissing() {
    var mock = new MockWebServerExtension();
    var error = assertThrows(IllegalStateException.class, mock::server);
    assertTrue(error.getMessage().contains("while a test runs"));
  }
}
