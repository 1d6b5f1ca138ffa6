// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.torsion.clock.Clock;
import dev.torsion.clock.Clocks;
import dev.torsion.defer.Deferred;
import dev.torsion.defer.DeferredList;
import dev.torsion.examples.Output;
import dev.torsion.framing.LineFraming;
import dev.torsion.framing.LineOnlyReceiver;
import dev.torsion.java.Torsion;
import dev.torsion.net.Address;
import dev.torsion.net.CloseReason;
import dev.torsion.net.Factory;
import dev.torsion.net.Protocol;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The room: who is in it. All on the reactor's thread, so it needs no lock. */
public final class ChatServer extends Factory {
  private final Clock clock;
  private final Output out;
  private final Set<Spreader> clients = new LinkedHashSet<>();

  public ChatServer(Clock clock, Output out) {
    this.clock = clock;
    this.out = out;
  }

  @Override
  public Protocol buildProtocol(Address address) {
    return new Spreader();
  }

  /** One client: its words go to all others. The line {@code close} closes its connection. */
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
      var behind = new ArrayList<Deferred<Boolean>>();
      for (Spreader client : clients) {
        if (client == this) continue;
        client.sendLine(line);
        if (!client.transport().isWritable()) behind.add(client.caughtUp());
      }
      if (!behind.isEmpty()) waitFor(behind);
    }

    /**
     * A client that says more than the others read waits for them: so nobody can fill the memory.
     */
    private void waitFor(List<Deferred<Boolean>> behind) {
      pauseProducing();
      new DeferredList<>(behind)
          .addCallback(
              caughtUp -> {
                resumeProducing();
                return caughtUp;
              });
    }

    /** One that does not read at all is let go. */
    private Deferred<Boolean> caughtUp() {
      return Clocks.addTimeout(transport().whenWritable(), Duration.ofSeconds(10), clock)
          .addBoth(
              outcome -> {
                if (!outcome.isSuccess()) transport().abortConnection();
                return outcome.isSuccess();
              });
    }
  }

  public static void main(String[] args) {
    System.exit(
        Torsion.runUntilStopped(
            torsion -> torsion.listenTcp(8007, new ChatServer(torsion.reactor(), Output.CONSOLE))));
  }
}
