// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;

import dev.torsion.framing.LineFraming;
import dev.torsion.framing.LineReceiver;
import dev.torsion.java.Torsion;
import dev.torsion.log.Logger;
import dev.torsion.log.json.JsonLinesObserver;
import dev.torsion.net.Address;
import dev.torsion.net.CloseReason;
import dev.torsion.net.Factory;
import dev.torsion.net.Protocol;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** Adds up the numbers that clients send, and logs it as events: one line of JSON for each. */
public final class EventLogServer extends Factory {
  private final Path path;
  private OutputStream file;
  private Logger log;
  private int clients;

  public EventLogServer(Path path) {
    this.path = path;
  }

  @Override
  public void startFactory() {
    try {
      file = Files.newOutputStream(path, CREATE, APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    log = new Logger(EventLogServer.class, new JsonLinesObserver(file));
  }

  @Override
  public void stopFactory() {
    try {
      file.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public Protocol buildProtocol(Address address) {
    // Each event of a connection says whose it is.
    return new Adder(log.with("client", ++clients));
  }

  private static final class Adder extends LineReceiver {
    private final Logger log;
    private long sum;

    Adder(Logger log) {
      super(LineFraming.anyNewline());
      this.log = log;
    }

    @Override
    protected void connectionMade() {
      log.info("client {client} has come");
    }

    @Override
    protected void lineReceived(byte[] line) {
      var text = new String(line, UTF_8);
      try {
        var number = Long.parseLong(text);
        sum += number;
        log.info("client {client} adds {number} and has {sum}", "number", number, "sum", sum);
      } catch (NumberFormatException e) {
        log.failure("client {client} sends no number: {line}", e, "line", text);
      }
    }

    @Override
    protected void connectionLost(CloseReason reason) {
      super.connectionLost(reason);
      log.info("client {client} has gone", "clean", reason.isClean());
    }
  }

  public static void main(String[] args) {
    System.exit(
        Torsion.runUntilStopped(
            torsion -> {
              torsion.stopOnShutdown(Duration.ofSeconds(5)); // so that Ctrl-C closes the file too
              return torsion.listenTcp(8007, new EventLogServer(Path.of("events.jsonl")));
            }));
  }
}
