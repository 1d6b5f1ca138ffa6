// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;

import dev.torsion.examples.Output;
import dev.torsion.framing.LineFraming;
import dev.torsion.framing.LineReceiver;
import dev.torsion.java.Torsion;
import dev.torsion.net.Address;
import dev.torsion.net.Factory;
import dev.torsion.net.Protocol;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Opens the file when its first port opens, and closes it after the last: once, however many ports
 * and connections there are.
 */
public final class LogFileServer extends Factory {
  private final Path file;
  private final Output out;
  private Writer log;

  public LogFileServer(Path file, Output out) {
    this.file = file;
    this.out = out;
  }

  @Override
  public void startFactory() {
    try {
      log = Files.newBufferedWriter(file, CREATE, APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    out.println("opened the log file");
  }

  @Override
  public void stopFactory() {
    try {
      log.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    out.println("closed the log file");
  }

  @Override
  public Protocol buildProtocol(Address address) {
    return new LoggingProtocol();
  }

  /** Writes each line that it gets to the factory's file. */
  private final class LoggingProtocol extends LineReceiver {
    LoggingProtocol() {
      super(LineFraming.anyNewline());
    }

    @Override
    protected void lineReceived(byte[] line) {
      try {
        log.write(new String(line, UTF_8) + "\n");
      } catch (IOException e) {
        throw new UncheckedIOException(e); // is reported, and aborts the connection
      }
    }
  }

  public static void main(String[] args) {
    var factory = new LogFileServer(Path.of("lines.log"), Output.CONSOLE);
    System.exit(
        Torsion.runUntilStopped(
            torsion -> {
              torsion.stopOnShutdown(Duration.ofSeconds(5)); // so that Ctrl-C closes the file too
              return torsion
                  .listenTcp(8007, factory)
                  .thenCompose(first -> torsion.listenTcp(8008, factory));
            }));
  }
}
