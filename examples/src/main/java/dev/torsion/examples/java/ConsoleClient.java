// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.torsion.framing.LineFraming;
import dev.torsion.framing.LineOnlyReceiver;
import dev.torsion.java.Codecs;
import dev.torsion.java.Connection;
import dev.torsion.java.Torsion;
import dev.torsion.net.CloseReason;
import dev.torsion.net.HalfCloseableProtocol;
import java.util.concurrent.CompletableFuture;

/**
 * Standard input and output: each line that is typed goes to the server. After the last one the
 * answers still come.
 */
public final class ConsoleClient extends LineOnlyReceiver implements HalfCloseableProtocol {
  private final Connection<String> server;
  private final CompletableFuture<CloseReason> ended = new CompletableFuture<>();

  private ConsoleClient(Connection<String> server) {
    super(new LineFraming("\n".getBytes(UTF_8)));
    this.server = server;
  }

  @Override
  protected void lineReceived(byte[] line) {
    server.send(new String(line, UTF_8));
  }

  @Override
  public void readConnectionLost() {
    server.closeWrite();
  }

  @Override
  public void writeConnectionLost() {}

  @Override
  public void connectionLost(CloseReason reason) {
    ended.complete(reason);
  }

  /** Talks until the server has answered the last line, or is gone. */
  public static CompletableFuture<CloseReason> run(Torsion torsion, String endpoint) {
    return torsion
        .connect(endpoint, Codecs.line())
        .thenCompose(server -> torsion.standardIO(new ConsoleClient(server)))
        .thenCompose(
            console -> {
              console.server.onEach(answer -> console.sendLine("the server answers: " + answer));
              console.server.closed().thenAccept(gone -> console.transport().loseConnection());
              return console.ended;
            });
  }

  public static void main(String[] args) throws Exception {
    System.exit(Torsion.react(torsion -> run(torsion, args[0])));
  }
}
