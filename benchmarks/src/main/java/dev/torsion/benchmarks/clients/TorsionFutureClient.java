// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.clients;

import dev.torsion.java.Torsion;
import dev.torsion.web.client.Agent;
import dev.torsion.web.client.ClientRequest;

/** Torsion's Java facade: futures. */
final class TorsionFutureClient implements BenchHttpClient {
  private final Agent agent;
  private final ClientRequest request;

  TorsionFutureClient(String url, int inFlight) {
    var torsion = Torsion.start();
    agent = Agent.of(torsion.reactor(), TorsionAgentClient.options(inFlight));
    request = ClientRequest.get(url);
  }

  @Override
  public void ask(Listener listener) {
    agent
        .send(request)
        .thenCompose(
            response ->
                response
                    .body()
                    .bytes()
                    .thenAccept(body -> listener.answered(response.status(), body.length)))
        .whenComplete(
            (nothing, error) -> {
              if (error != null) listener.failed(error);
            });
  }
}
