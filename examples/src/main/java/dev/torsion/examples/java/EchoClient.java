// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.torsion.examples.Input;
import dev.torsion.examples.Output;
import dev.torsion.java.Torsion;
import dev.torsion.net.Address;
import dev.torsion.net.CannotConnectException;
import dev.torsion.net.ClientFactory;
import dev.torsion.net.CloseReason;
import dev.torsion.net.Connector;
import dev.torsion.net.Protocol;

/** Sends a line, waits for its echo, and sends the next; closes at an empty line or the end. */
public final class EchoClient extends Protocol {
  private final Input input;
  private final Output out;

  private EchoClient(Input input, Output out) {
    this.input = input;
    this.out = out;
  }

  @Override
  protected void connectionMade() {
    sendNext();
  }

  @Override
  public void dataReceived(byte[] data) {
    out.println("the server says: " + new String(data, UTF_8));
    sendNext();
  }

  private void sendNext() {
    input
        .readLine()
        .addCallback(
            line -> {
              if (line == null || line.isEmpty()) {
                transport().loseConnection();
              } else {
                transport().write(line.getBytes(UTF_8));
              }
              return line;
            });
  }

  /** Hears how the connection goes, and tells {@code ended} when it is over. */
  public static final class Clients extends ClientFactory {
    private final Input input;
    private final Output out;
    private final Runnable ended;

    public Clients(Input input, Output out, Runnable ended) {
      this.input = input;
      this.out = out;
      this.ended = ended;
    }

    @Override
    public Protocol buildProtocol(Address address) {
      return new EchoClient(input, out);
    }

    @Override
    public void clientConnectionFailed(Connector connector, CannotConnectException reason) {
      out.println(reason.getMessage());
      ended.run();
    }

    @Override
    public void clientConnectionLost(Connector connector, CloseReason reason) {
      out.println(reason.getMessage());
      ended.run();
    }
  }

  public static void main(String[] args) {
    var torsion = Torsion.create();
    var input = Input.console(torsion.reactor());
    torsion.connectTcp("localhost", 10003, new Clients(input, Output.CONSOLE, torsion::stop));
    torsion.run();
  }
}
