// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.clients;

import dev.torsion.reactor.Reactor;
import dev.torsion.web.HttpBody;
import dev.torsion.web.client.Agent;
import dev.torsion.web.client.Agents;
import dev.torsion.web.client.ClientRequest;
import dev.torsion.web.client.HttpClientOptions;

/** Torsion's first voice: an Agent and Deferreds, as in Twisted. */
final class TorsionAgentClient implements BenchHttpClient {
  private final Reactor reactor = Reactor.create();
  private final Agent agent;
  private final ClientRequest request;

  TorsionAgentClient(String url, int inFlight) {
    agent = Agent.of(reactor, options(inFlight));
    request = ClientRequest.get(url);
    reactor.start();
  }

  /** For all voices: the defaults, with room for all connections. */
  static HttpClientOptions options(int inFlight) {
    return HttpClientOptions.DEFAULT.withMaxConnectionsPerHost(inFlight);
  }

  @Override
  public void ask(Listener listener) {
    if (reactor.isInReactorThread()) {
      askNow(listener);
    } else {
      reactor.callFromThread(() -> askNow(listener));
    }
  }

  private void askNow(Listener listener) {
    agent
        .request(request)
        .addAsyncCallback(
            response ->
                Agents.readBody(response, HttpBody.DEFAULT_LIMIT)
                    .addCallback(
                        body -> {
                          listener.answered(response.status(), body.length);
                          return null;
                        }))
        .addErrback(
            failure -> {
              listener.failed(failure.getValue());
              return null;
            });
  }
}
