// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.clients;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** The client of the JDK, with threads as it makes them. */
final class JdkClient implements BenchHttpClient {
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final HttpRequest request;

  JdkClient(String url) {
    request = HttpRequest.newBuilder(URI.create(url)).build();
  }

  @Override
  public void ask(Listener listener) {
    client
        .sendAsync(request, BodyHandlers.ofByteArray())
        .whenComplete(
            (response, error) -> {
              if (error != null) listener.failed(error);
              else listener.answered(response.statusCode(), response.body().length);
            });
  }
}
