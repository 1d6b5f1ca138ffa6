// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.torsion.examples.Output;
import dev.torsion.java.Torsion;
import dev.torsion.net.CannotConnectException;
import dev.torsion.web.client.HttpClient;
import dev.torsion.web.client.HttpStatusException;
import dev.torsion.web.client.RequestTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** Asks a web service where an address is; and what happens when all does not go well. */
public final class PlaceClient {
  private static final String ADDRESS = "123.112.18.111";
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private PlaceClient() {}

  /** The future completes when all is answered. Nobody listens at {@code nowhere}. */
  public static CompletableFuture<?> run(Torsion torsion, String base, String nowhere, Output out) {
    var http =
        HttpClient.of(torsion.reactor()).withJson(MAPPER::writeValueAsBytes, MAPPER::readValue);
    return ask(http, base, out)
        .thenCompose(next -> moved(http, base, out))
        .thenCompose(next -> failures(http, base, nowhere, out))
        .whenComplete((done, error) -> http.close());
  }

  private static CompletableFuture<?> ask(HttpClient http, String base, Output out) {
    return http.get(base + "/json/" + ADDRESS)
        .query("lang", "en")
        .send()
        .thenCompose(
            response -> {
              out.println(response.status() + ", " + response.headers().get("Content-Type"));
              return response.body().bytes();
            })
        .thenAccept(body -> out.println(described(parsed(body))));
  }

  private static CompletableFuture<?> moved(HttpClient http, String base, Output out) {
    return http.get(base + "/old/" + ADDRESS)
        .json(JsonNode.class)
        .thenAccept(place -> out.println("moved: " + described(place)));
  }

  private static CompletableFuture<?> failures(
      HttpClient http, String base, String nowhere, Output out) {
    return http.get(base + "/json/10.0.0.1")
        .raiseForStatus()
        .text()
        .exceptionally(e -> say(out, e))
        .thenCompose(next -> http.get(base + "/never").timeout(Duration.ofMillis(100)).text())
        .exceptionally(e -> say(out, e))
        .thenCompose(next -> http.get(nowhere).text())
        .exceptionally(e -> say(out, e));
  }

  private static String say(Output out, Throwable error) {
    Throwable cause = error instanceof CompletionException ? error.getCause() : error;
    if (cause instanceof HttpStatusException e) {
      out.println("unknown: " + e.getStatus() + ", " + e.getBodyStart());
    } else if (cause instanceof RequestTimeoutException) {
      out.println("late: " + cause.getMessage());
    } else if (cause instanceof CannotConnectException) {
      out.println("nobody is there");
    } else {
      throw new CompletionException(cause);
    }
    return "";
  }

  private static JsonNode parsed(byte[] body) {
    try {
      return MAPPER.readTree(body);
    } catch (java.io.IOException e) {
      throw new CompletionException(e);
    }
  }

  private static String described(JsonNode place) {
    return "country: %s, region: %s, city: %s"
        .formatted(
            place.path("country").asText(),
            place.path("regionName").asText(),
            place.path("city").asText());
  }

  public static void main(String[] args) throws Exception {
    System.exit(
        Torsion.react(
            torsion -> run(torsion, "http://ip-api.com", "http://localhost:1/", Output.CONSOLE)));
  }
}
