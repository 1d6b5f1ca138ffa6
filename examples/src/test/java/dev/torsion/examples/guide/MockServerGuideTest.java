// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.torsion.testkit.MemoryReactor;
import dev.torsion.testkit.junit.TorsionExtension;
import dev.torsion.web.client.HttpClient;
import dev.torsion.web.testkit.MockResponse;
import dev.torsion.web.testkit.MockWebServer;
import dev.torsion.web.testkit.junit.MockWebServerExtension;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The Java of docs/guide/testing.md about servers that an extension gives. */
class MockServerGuideTest {
  @Nested
  @ExtendWith({TorsionExtension.class, MockWebServerExtension.class})
  class CatsTest {
    @Test
    void aCatIsAskedFor(MemoryReactor reactor, MockWebServer server) {
      server.enqueue(MockResponse.text("Tom"));
      try (var http = HttpClient.of(reactor)) {
        assertEquals("Tom", reactor.await(http.get(server.url("/cats/7")).text()));
      }
    }
  }

  @Nested
  class OnARealPort {
    @RegisterExtension final MockWebServerExtension mock = MockWebServerExtension.onRealPort();

    @Test
    void anyClientAsks() throws Exception {
      mock.server().enqueue(MockResponse.text("Tom"));
      var request = HttpRequest.newBuilder(URI.create(mock.server().url("/cats/7"))).build();
      var client = java.net.http.HttpClient.newHttpClient();
      assertEquals("Tom", client.send(request, BodyHandlers.ofString()).body());
    }
  }
}
