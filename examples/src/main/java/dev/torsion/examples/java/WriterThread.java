// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.torsion.examples.Output;
import dev.torsion.framing.LineFraming;
import dev.torsion.framing.LineOnlyReceiver;
import dev.torsion.java.Torsion;
import dev.torsion.net.CloseReason;
import dev.torsion.net.HalfCloseableTransport;
import dev.torsion.net.WrongThreadException;
import java.util.concurrent.CompletableFuture;

/**
 * A client whose lines are sent by a second thread. (A {@code dev.torsion.java.Connection} needs
 * none of this care: its {@code send} may be called on any thread.)
 */
public final class WriterThread extends LineOnlyReceiver {
  private final Torsion torsion;
  private final Output out;
  private final CompletableFuture<Void> ended = new CompletableFuture<>();

  private WriterThread(Torsion torsion, Output out) {
    super(LineFraming.anyNewline());
    this.torsion = torsion;
    this.out = out;
  }

  /** The future completes when the connection is over. */
  public static CompletableFuture<Void> run(Torsion torsion, String endpoint, Output out) {
    out.println("connecting ...");
    return torsion
        .connectProtocol(endpoint, new WriterThread(torsion, out))
        .thenCompose(
            protocol -> {
              new Thread(protocol::writeLines, "writer").start();
              return protocol.ended;
            });
  }

  @Override
  protected void lineReceived(byte[] line) {
    out.println("received: " + new String(line, UTF_8));
  }

  @Override
  protected void connectionLost(CloseReason reason) {
    out.println(reason.getMessage());
    ended.complete(null);
  }

  /** On the writer's thread. */
  private void writeLines() {
    try {
      sendLine("from the wrong thread"); // what the document does, and Twisted lets happen
    } catch (WrongThreadException e) {
      torsion.call(() -> out.println("refused: " + e.getClass().getSimpleName()));
    }
    for (int i = 1; i <= 3; i++) {
      String line = "hello number " + i;
      torsion.call(() -> sendLine(line));
    }
    torsion.call(() -> ((HalfCloseableTransport) transport()).loseWriteConnection());
  }

  public static void main(String[] args) throws Exception {
    System.exit(Torsion.react(torsion -> run(torsion, "tcp:localhost:8007", Output.CONSOLE)));
  }
}
