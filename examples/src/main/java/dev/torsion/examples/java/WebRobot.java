// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.torsion.examples.Output;
import dev.torsion.java.Codecs;
import dev.torsion.java.Server;
import dev.torsion.java.Torsion;
import dev.torsion.web.client.HttpClient;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Answers each line with what a web service says. The loop never waits for that. */
public final class WebRobot {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private WebRobot() {}

  /** Asks the service at {@code url}, by POST. */
  public static CompletableFuture<Server> serve(
      Torsion torsion, String endpoint, HttpClient http, String url, Output out) {
    var asking = http.withJson(MAPPER::writeValueAsBytes, MAPPER::readValue).raisingForStatus();
    return torsion.serve(
        endpoint,
        Codecs.line(),
        connection ->
            connection.onMessage(
                question -> {
                  out.println("the client asks: " + question);
                  return asking
                      .post(url)
                      .jsonBody(Map.of("text", question))
                      .json(JsonNode.class)
                      .thenCompose(answer -> connection.send(answer.path("text").asText()));
                }));
  }
}
