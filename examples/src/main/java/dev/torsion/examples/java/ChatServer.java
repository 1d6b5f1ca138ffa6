// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.torsion.examples.Output;
import dev.torsion.framing.LineFraming;
import dev.torsion.framing.LineOnlyReceiver;
import dev.torsion.java.Torsion;
import dev.torsion.net.Address;
import dev.torsion.net.CloseReason;
import dev.torsion.net.Factory;
import dev.torsion.net.Protocol;
import java.util.LinkedHashSet;
import java.util.Set;

/** The room: who is in it. All on the reactor's thread, so it needs no lock. */
public final class ChatServer extends Factory {
  private final Output out;
  private final Set<Spreader> clients = new LinkedHashSet<>();

  public ChatServer(Output out) {
    this.out = out;
  }

  @Override
  public Protocol buildProtocol(Address address) {
    return new Spreader();
  }

  /** One client: what it says goes to all others. The line {@code close} closes its connection. */
  private final class Spreader extends LineOnlyReceiver {
    Spreader() {
      super(LineFraming.anyNewline());
    }

    @Override
    protected void connectionMade() {
      clients.add(this);
      sendLine("Welcome to the Spread Site, you are client number " + clients.size() + "!");
      out.println("new connection: " + clients.size());
    }

    @Override
    protected void connectionLost(CloseReason reason) {
      clients.remove(this);
      out.println("lost connection: " + clients.size());
    }

    @Override
    protected void lineReceived(byte[] line) {
      var text = new String(line, UTF_8);
      if (text.equals("close")) {
        transport().loseConnection();
        return;
      }
      out.println(text);
      for (Spreader client : clients) {
        if (client != this) client.hear(line);
      }
    }

    /** A client that does not read what the others say is let go: it cannot fill the memory. */
    private void hear(byte[] line) {
      if (transport().isWritable()) {
        sendLine(line);
      } else {
        transport().abortConnection();
      }
    }
  }

  public static void main(String[] args) {
    var torsion = Torsion.create();
    torsion.listenTcp(8007, new ChatServer(Output.CONSOLE));
    torsion.run();
  }
}
