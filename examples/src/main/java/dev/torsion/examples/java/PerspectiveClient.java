// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import dev.torsion.examples.Output;
import dev.torsion.java.Torsion;
import dev.torsion.spread.pb.PBClient;
import dev.torsion.spread.pb.Remote;
import dev.torsion.spread.pb.RemoteReference;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Calls the objects of {@link PerspectiveServer}: the first by an interface, the second by name.
 */
public final class PerspectiveClient {
  private PerspectiveClient() {}

  /** The part of the server's root object that the client knows. */
  interface FirstObject {
    @Remote("get_main")
    CompletableFuture<List<Object>> main(String message0, String message1);
  }

  /** The future completes when the second object has answered. */
  public static CompletableFuture<Void> run(Torsion torsion, String endpoint, Output out) {
    return PBClient.connect(torsion.reactor(), endpoint)
        .thenCompose(
            client -> ask(client.root(), out).whenComplete((answered, failed) -> client.close()));
  }

  private static CompletableFuture<Void> ask(RemoteReference root, Output out) {
    return root.proxy(FirstObject.class)
        .main("0. client: I have the first object", "1. client: I call get_main")
        .thenCompose(
            answer -> {
              out.println(answer.get(0).toString());
              out.println(answer.get(1).toString());
              var second = (RemoteReference) answer.get(2);
              return second.call("server2_main", "4. client: I call server2_main");
            })
        .thenAccept(nothing -> out.println("6. client: it has answered"));
  }

  public static void main(String[] args) throws Exception {
    System.exit(Torsion.react(torsion -> run(torsion, "tcp:localhost:8800", Output.CONSOLE)));
  }
}
